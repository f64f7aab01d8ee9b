// How far a change has come: what was measured as steps, what was predicted as dashes.
import { seconds } from "./model.js";

const MARGIN = { left: 40, right: 14, top: 14, bottom: 34 };
const HEIGHT = 190;

// The shares at which a distribution is known, as a curve.
function quantiles(row) {
	if (!row) return null;
	return [[0, 0], [row.p50, 0.5], [row.p90, 0.9], [row.p99, 0.99], [row.bound, 1]].filter(([t]) => Number.isFinite(t));
}

function scaled(prediction, speed) {
	if (!prediction || speed === 1) return prediction;
	const row = (of) => of && Object.fromEntries(Object.entries(of).map(([key, value]) => [key, value * speed]));
	return { ...prediction, bound: prediction.bound * speed, servers: row(prediction.servers), last_stale: row(prediction.last_stale), curve: prediction.curve?.map(([t, part]) => [t * speed, part]) };
}

export class Curve {
	constructor(svg, text) {
		this.svg = d3.select(svg);
		this.text = text;
		this.plot = this.svg.append("g");
		this.x = this.svg.append("g");
		this.y = this.svg.append("g");
	}

	draw(model, t) {
		const width = Math.max(240, this.svg.node().clientWidth || 240), wave = model.wave, prediction = scaled(wave?.prediction, model.speed);
		// All in seconds of the lab; events and predictions have real ones.
		const speed = model.speed, totals = model.totals(), elapsed = wave ? Math.max(0, t - wave.t) * speed : 0;
		const arrivals = (map) => [...map.values()].map((at) => (at - wave.t) * speed).sort((a, b) => a - b);
		const servers = wave ? arrivals(wave.servers) : [], caches = wave ? arrivals(wave.caches) : [];
		const done = wave && servers.length >= totals.servers && caches.length >= totals.caches;
		const last = Math.max(servers[servers.length - 1] ?? 0, caches[caches.length - 1] ?? 0);
		const until = Math.max(1, prediction?.bound ? prediction.bound * 1.08 : 0, done ? last * 1.15 : elapsed);
		const x = d3.scaleLinear([0, until], [MARGIN.left, width - MARGIN.right]);
		const y = d3.scaleLinear([0, 1], [HEIGHT - MARGIN.bottom, MARGIN.top]);
		this.svg.attr("viewBox", `0 0 ${width} ${HEIGHT}`).attr("height", HEIGHT);
		this.x.attr("transform", `translate(0,${HEIGHT - MARGIN.bottom})`).call(d3.axisBottom(x).ticks(Math.floor(width / 70)).tickFormat((d) => `${d} s`).tickSizeOuter(0));
		this.y.attr("transform", `translate(${MARGIN.left},0)`).call(d3.axisLeft(y).ticks(4, "%").tickSizeOuter(0));
		this.drawLines({ x, y, wave, prediction, servers, caches, totals, end: done ? until : elapsed });
		const parts = [];
		if (wave && totals.servers) parts.push(`${servers.length} of ${totals.servers} servers${servers.length ? ` within ${seconds(servers[servers.length - 1])}` : ""}`);
		if (wave && totals.caches) parts.push(`${caches.length} of ${totals.caches} caches${caches.length ? ` within ${seconds(caches[caches.length - 1])}` : ""}`);
		if (prediction?.bound) parts.push(`predicted: all within ${seconds(prediction.bound)}`);
		this.text.textContent = parts.join("; ") || "Seconds since the change, share of servers and caches that have it. Dashed: predicted.";
	}

	drawLines({ x, y, wave, prediction, servers, caches, totals, end }) {
		const step = d3.line().curve(d3.curveStepAfter).x((d) => x(d[0])).y((d) => y(d[1])), smooth = d3.line().curve(d3.curveMonotoneX).x((d) => x(d[0])).y((d) => y(d[1]));
		const steps = (times, total) => [[0, 0], ...times.map((at, i) => [at, (i + 1) / total]), [Math.max(end, times[times.length - 1] ?? 0), times.length / total]];
		const lines = [];
		if (prediction) {
			const curve = prediction.curve?.length ? prediction.curve : quantiles(prediction.last_stale), of = quantiles(prediction.servers);
			if (of) lines.push({ key: "servers predicted", d: smooth(of) });
			if (curve) lines.push({ key: "caches predicted", d: smooth(curve) });
		}
		if (wave && totals.servers) lines.push({ key: "servers", d: step(steps(servers, totals.servers)) });
		if (wave && totals.caches) lines.push({ key: "caches", d: step(steps(caches, totals.caches)) });
		this.plot.selectAll("path.line").data(lines, (d) => d.key).join("path").attr("class", (d) => `line ${d.key}`).attr("d", (d) => d.d);
		this.plot.selectAll("line.bound").data(prediction?.bound ? [prediction.bound] : []).join("line").attr("class", "bound")
			.attr("x1", (d) => x(d)).attr("x2", (d) => x(d)).attr("y1", MARGIN.top).attr("y2", HEIGHT - MARGIN.bottom);
	}
}
