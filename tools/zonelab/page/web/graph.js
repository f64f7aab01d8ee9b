// The picture of the hierarchy: what stands where is layout.js's; here it is drawn, coloured as versions arrive, and chosen by keyboard and pointer.
import { isWorse, weatherWords } from "./model.js";
import { layOut } from "./layout.js";

const PULSES_MAX = 40;
const PULSE_MS = 550;
const FAULTS_DRAWN_MAX = 40;
const FAULT_LABELS_MAX = 10;
const RING = 2 * Math.PI;

// A number at the end of a name stays.
function shorten(name, max) {
	const tail = (/\d+$/.exec(name) || [""])[0].slice(-3);
	return name.length > max ? `${name.slice(0, max - 1 - tail.length)}…${tail}` : name;
}

const hexagon = (r) => d3.line()([0, 60, 120, 180, 240, 300].map((a) => [r * Math.sin(a * Math.PI / 180), -r * Math.cos(a * Math.PI / 180)])) + "Z";

export class Graph {
	constructor(svg, model, onChoose) {
		this.svg = d3.select(svg);
		this.model = model;
		this.onChoose = onChoose;
		this.layers = {};
		for (const name of ["captions", "edges", "boxes", "transfers", "faults", "nodes", "pulses", "labels"]) this.layers[name] = this.svg.append("g").attr("class", name);
		for (const name of ["captions", "edges", "boxes", "transfers", "faults", "pulses", "labels"]) this.layers[name].attr("aria-hidden", "true");
		this.pulses = [];
		this.chosen = null;
		this.svg.on("keydown", (event) => this.onKey(event));
		this.still = matchMedia("(prefers-reduced-motion: reduce)");
	}

	// Draws all of it: after a new state document or a new width.
	draw(model = this.model) {
		const width = Math.max(280, this.svg.node().clientWidth || 280);
		if (model === this.model && this.layout && this.layout.width === width && this.drawn === model.structure) {
			this.paint("all");
			this.drawFaults();
			return;
		}
		this.model = model;
		this.drawn = model.structure;
		this.layout = layOut(model, width, parseFloat(getComputedStyle(document.documentElement).fontSize) / 16);
		this.svg.attr("viewBox", `0 0 ${width} ${this.layout.height}`).attr("height", this.layout.height);
		this.layers.captions.selectAll("text").data(this.layout.captions).join("text").attr("class", "tier").attr("x", (d) => d.x).attr("y", (d) => d.y).text((d) => d.text);
		this.drawBoxes();
		this.drawEdges();
		this.drawNodes();
		this.paint("all");
		this.drawFaults();
	}

	drawBoxes() {
		const box = this.layers.boxes.selectAll("g.box").data(this.layout.boxes.filter((d) => d.title), (d) => d.key).join((enter) => {
			const g = enter.append("g").attr("class", "box");
			g.append("rect").attr("rx", 8);
			g.append("text").attr("dy", "1.35em");
			return g;
		}).attr("transform", (d) => `translate(${d.x},${d.y})`);
		box.select("rect").attr("width", (d) => d.w).attr("height", (d) => d.h);
		box.select("text").attr("x", (d) => d.w / 2).text((d) => d.title);
	}

	drawEdges() {
		const at = this.layout.positions, zoneBox = new Map(this.layout.boxes.map((box) => [box.zone, box]));
		const down = d3.linkVertical().x((d) => d[0]).y((d) => d[1]);
		const delegations = [...this.model.zones.values()].filter((zone) => zone.parent && zone.key === zone.name && zoneBox.has(zone.parent) && zoneBox.has(zone.key)).map((zone) => {
			const from = zoneBox.get(zone.parent), to = zoneBox.get(zone.key);
			return { what: "delegation", d: down({ source: [from.x + from.w / 2, from.y + from.h], target: [to.x + to.w / 2, to.y] }) };
		});
		const straight = (what) => this.model.edges.filter((edge) => edge.what === what && at.has(edge.from) && at.has(edge.to)).map((edge) => {
			const a = at.get(edge.from), b = at.get(edge.to);
			return { what, d: down({ source: [a.x, a.y], target: [b.x, b.y] }) };
		});
		this.layers.edges.selectAll("path").data([...delegations, ...straight("forward")]).join("path").attr("class", (d) => `edge ${d.what}`).attr("d", (d) => d.d);
		this.layers.transfers.selectAll("path").data(straight("transfer")).join("path").attr("class", "edge transfer").attr("d", (d) => d.d);
	}

	drawNodes() {
		const { r, positions } = this.layout, model = this.model;
		const order = this.layout.boxes.flatMap((box) => box.rows.flat());
		const primaries = new Set([...model.zones.values()].map((zone) => zone.primary));
		this.order = order;
		this.layers.nodes.selectAll("g.node").remove();
		const node = this.layers.nodes.selectAll("g.node").data(order, (d) => d).enter().append("g")
			.attr("class", "node").attr("role", "button").attr("data-node", (d) => d).attr("tabindex", (d, i) => (i === 0 ? 0 : -1))
			.attr("transform", (d) => `translate(${positions.get(d).x},${positions.get(d).y})`)
			.on("click", (event, d) => this.choose(d)).on("focus", (event, d) => this.rove(d));
		node.append("title");
		node.append("circle").attr("class", "halo").attr("r", r + 7);
		node.each((name, i, list) => {
			const g = d3.select(list[i]), of = model.nodes.get(name);
			if (of.role === "resolver") {
				g.append("circle").attr("class", "ring-back").attr("r", r + 3);
				g.append("circle").attr("class", "ring").attr("r", r + 3).attr("transform", "rotate(-90)").attr("stroke-dasharray", `0 ${RING * (r + 3)}`);
				g.append("path").attr("class", "body").attr("d", hexagon(r));
			} else if (primaries.has(name)) {
				g.append("rect").attr("class", "body").attr("x", -r).attr("y", -r).attr("width", 2 * r).attr("height", 2 * r).attr("rx", 4);
				if (of.hidden) g.append("rect").attr("class", "hidden-mark").attr("x", -r - 4).attr("y", -r - 4).attr("width", 2 * r + 8).attr("height", 2 * r + 8).attr("rx", 7);
			} else {
				g.append("circle").attr("class", "body").attr("r", r);
				if (of.hidden) g.append("circle").attr("class", "hidden-mark").attr("r", r + 4);
			}
			g.append("text").attr("class", "value").attr("dy", ".36em");
			g.append("path").attr("class", "cross").attr("d", `M${-r / 2.4} ${-r / 2.4} ${r / 2.4} ${r / 2.4}M${-r / 2.4} ${r / 2.4} ${r / 2.4} ${-r / 2.4}`);
		});
		// Beside a node that stands alone above others, else below.
		node.append("text").attr("class", (d) => `label${positions.get(d).isAlone ? " beside" : ""}`)
			.attr("x", (d) => (positions.get(d).isAlone ? r + 9 : 0))
			.attr("y", (d) => (positions.get(d).isAlone ? 0 : r + 6))
			.attr("dy", (d) => (positions.get(d).isAlone ? ".36em" : ".95em")).text((d) => shorten(d.split(".")[0], this.layout.isDense ? 8 : 11));
		this.fit(node.selectAll("text.label").nodes(), order, positions);
		this.elements = new Map(order.map((name, i) => [name, node.nodes()[i]]));
		this.rings = order.filter((name) => model.nodes.get(name).role === "resolver").map((name) => {
			const g = this.elements.get(name);
			return { name, ring: g.querySelector(".ring"), value: g.querySelector(".value"), shown: null, most: 1 };
		});
		if (this.chosen && this.elements.has(this.chosen)) this.elements.get(this.chosen).classList.add("chosen");
	}

	// Labels below nodes stand side by side: one that is too long for its place is shortened more.
	fit(labels, order, positions) {
		const room = this.layout.slot.w - 4, lengths = labels.map((label) => label.getComputedTextLength());
		labels.forEach((label, i) => {
			const length = label.textContent.length;
			if (!positions.get(order[i]).isAlone && lengths[i] > room) label.textContent = shorten(order[i].split(".")[0], Math.max(4, Math.floor((length * room) / lengths[i])));
		});
	}

	// Colours and texts of some nodes: "all" or a set of names.
	paint(names) {
		const model = this.model, focus = model.focus;
		for (const name of names === "all" ? this.order : names) {
			const element = this.elements.get(name);
			if (!element) continue;
			const of = model.nodes.get(name), { status, value, words } = model.status(name);
			const isFocus = of.role === "resolver" || of.zones.includes(focus);
			element.setAttribute("class", `node ${status}${isFocus ? " focus" : ""}${name === this.chosen ? " chosen" : ""}`);
			const role = of.role === "resolver" ? "resolver" : of.zones.some((zone) => model.zones.get(zone).primary === name) ? "primary" : "secondary";
			const text = `${name}: ${role}, ${of.kind}, ${words}`;
			if (element.getAttribute("aria-label") !== text) {
				element.setAttribute("aria-label", text);
				element.querySelector("title").textContent = `${text}\n${(of.addresses || []).join(", ")}`;
			}
			if (of.role !== "resolver" || status === "unknown") element.querySelector(".value").textContent = value;
		}
		if (names === "all") this.layers.boxes.selectAll("g.box").classed("focus", (d) => d.zone === focus);
	}

	// Pairs of nodes with bad links between them, and how bad.
	faultyPairs() {
		const at = this.layout.positions, seen = new Map();
		for (const link of this.model.links.values()) {
			const a = at.get(link.from), b = at.get(link.to), key = [link.from, link.to].sort().join("\n"), words = weatherWords(link);
			if (a && b && isWorse(link, this.model.weather) && (!seen.has(key) || link.cut)) seen.set(key, { key, ends: [link.from, link.to], words, cut: Boolean(link.cut), a, b });
		}
		return [...seen.values()];
	}

	// Nodes all of whose links are as bad: a ring around them says it better than lines to everywhere.
	static ringed(pairs, nodeCount) {
		const counts = d3.rollup(pairs.flatMap((pair) => pair.ends.map((end) => ({ end, pair }))), (of) => of.length, (of) => of.end, (of) => of.pair.words);
		return new Map([...counts].flatMap(([end, byWords]) => [...byWords].filter(([, count]) => count >= nodeCount - 1).map(([words]) => [end, words])));
	}

	drawFaults() {
		const isEdge = new Set(this.model.edges.map(({ from, to }) => [from, to].sort().join("\n"))), pairs = this.faultyPairs();
		const rings = pairs.length < this.model.nodes.size - 1 ? new Map() : Graph.ringed(pairs, this.model.nodes.size);
		let faults = pairs.filter((pair) => !pair.ends.some((end) => rings.get(end) === pair.words));
		// Where half the world is cut off from the other half, the links that carry zones and answers are shown.
		if (faults.length > FAULTS_DRAWN_MAX) faults = faults.filter((fault) => isEdge.has(fault.key)).slice(0, 4 * FAULTS_DRAWN_MAX);
		const layer = this.layers.faults;
		layer.selectAll("path").data(faults, (d) => d.key).join("path").attr("class", (d) => `fault-line${d.cut ? " cut" : ""}`).attr("d", (d) => this.faultPath(d));
		const circled = [...rings].map(([name, words]) => ({ key: name, words, ...this.layout.positions.get(name) }));
		layer.selectAll("circle").data(circled, (d) => d.key).join("circle").attr("class", (d) => `fault-line${d.words === "cut" ? " cut" : ""}`)
			.attr("cx", (d) => d.x).attr("cy", (d) => d.y).attr("r", this.layout.r + 10);
		const labels = faults.length <= FAULT_LABELS_MAX ? faults.map((fault) => ({ ...fault, at: this.bend(fault) })) : [];
		const ringLabels = circled.length <= FAULT_LABELS_MAX ? circled.map((d) => ({ ...d, words: d.words === "cut" ? "cut off" : d.words, at: [d.x, d.y - this.layout.r - 18, null] })) : [];
		this.layers.labels.selectAll("text").data([...labels, ...ringLabels], (d) => d.key).join("text").attr("class", "fault-label")
			.attr("x", (d) => d.at[0] + (d.at[2] === null ? 0 : d.at[2] ? -7 : 7)).attr("y", (d) => d.at[1]).attr("dy", ".36em")
			.style("text-anchor", (d) => (d.at[2] === null ? "middle" : d.at[2] ? "end" : "start")).text((d) => (d.words.startsWith("cut") ? `✕ ${d.words}` : d.words));
	}

	// Beside the straight line, so that a bad link is not hidden under its transfer's line; inside a box away from its middle, where there is room.
	bend({ a, b }) {
		const dx = b.x - a.x, dy = b.y - a.y, length = Math.hypot(dx, dy) || 1, x = (a.x + b.x) / 2, y = (a.y + b.y) / 2;
		const isLeft = a.box === b.box && x < a.box.x + a.box.w / 2 - 1, off = Math.min(34, length / 3) * ((dy > 0) === isLeft ? 1 : -1);
		return [x - (dy / length) * off, y + (dx / length) * off, isLeft];
	}

	faultPath(fault) {
		const { a, b } = fault, [mx, my] = this.bend(fault);
		return `M${a.x} ${a.y}Q${2 * mx - (a.x + b.x) / 2} ${2 * my - (a.y + b.y) / 2} ${b.x} ${b.y}`;
	}

	// The time that resolvers may still give what they have, in seconds of the lab.
	tick(t) {
		const round = RING * (this.layout.r + 3);
		for (const item of this.rings) {
			const answer = this.model.answers.get(item.name), isDown = this.model.nodes.get(item.name).state === "down";
			const left = answer && !isDown && answer.ttl !== undefined ? Math.max(0, answer.ttl - (t - answer.t) * this.model.speed) : 0;
			if (answer && answer.ttl > item.most) item.most = answer.ttl;
			const part = Math.round((left / item.most) * 200) / 200, text = !answer || isDown ? null : String(Math.ceil(left));
			if (part !== item.part) item.ring.setAttribute("stroke-dasharray", `${(item.part = part) * round} ${round}`);
			if (text !== null && text !== item.shown) item.value.textContent = item.shown = text;
		}
	}

	// A message on its way.
	pulse(message, now) {
		const a = this.layout?.positions.get(message.from), b = this.layout?.positions.get(message.to);
		if (!a || !b || this.still.matches || document.hidden || this.pulses.length >= PULSES_MAX) return;
		const dot = this.layers.pulses.append("circle").attr("class", `pulse ${message.kind}${message.dropped ? " lost" : ""}`).attr("r", message.kind === "AXFR" || message.kind === "IXFR" ? 5 : 3.5);
		this.pulses.push({ a, b, dot: dot.node(), begun: now, isLost: message.dropped });
	}

	movePulses(now) {
		this.pulses = this.pulses.filter((pulse) => {
			const part = (now - pulse.begun) / PULSE_MS, end = pulse.isLost ? 0.5 : 1;
			if (part >= end) {
				pulse.dot.remove();
				return false;
			}
			pulse.dot.setAttribute("cx", pulse.a.x + (pulse.b.x - pulse.a.x) * Math.max(0, part));
			pulse.dot.setAttribute("cy", pulse.a.y + (pulse.b.y - pulse.a.y) * Math.max(0, part));
			return true;
		});
		return this.pulses.length > 0;
	}

	choose(name) {
		if (this.chosen) this.elements.get(this.chosen)?.classList.remove("chosen");
		this.chosen = name;
		this.elements.get(name)?.classList.add("chosen");
		this.rove(name);
		this.onChoose(name);
	}

	// One node is in the order of Tab; arrows move among them.
	rove(name) {
		for (const element of this.layers.nodes.selectAll('g.node[tabindex="0"]').nodes()) element.setAttribute("tabindex", -1);
		this.elements.get(name)?.setAttribute("tabindex", 0);
	}

	focus() { this.layers.nodes.select('g.node[tabindex="0"]').node()?.focus(); }

	onKey(event) {
		const name = event.target.closest?.("g.node")?.dataset.node;
		if (!name || event.ctrlKey || event.altKey || event.metaKey) return;
		const next = event.key === "Enter" || event.key === " " ? (this.choose(name), name) : this.neighbour(name, event.key);
		if (!next) return;
		event.preventDefault();
		event.stopPropagation();
		if (next !== name) this.elements.get(next).focus();
	}

	// The nearest node in an arrow's direction.
	neighbour(name, key) {
		const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key], at = this.layout.positions;
		if (key === "Home") return this.order[0];
		if (key === "End") return this.order[this.order.length - 1];
		if (!way) return null;
		const from = at.get(name);
		let best = null, least = Infinity;
		for (const other of this.order) {
			const dx = at.get(other).x - from.x, dy = at.get(other).y - from.y, along = dx * way[0] + dy * way[1], across = Math.abs(dx * way[1]) + Math.abs(dy * way[0]);
			if (other === name || along < 1) continue;
			const far = along + 2.5 * across;
			if (far < least) [best, least] = [other, far];
		}
		return best ?? name;
	}
}

