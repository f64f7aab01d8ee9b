// The last minute's messages in lanes by kind. Marks stand still in a group that moves with the time, so a frame costs one attribute.
import { KINDS } from "./model.js";

const LANE = 24;
const LEFT = 74;
const BOTTOM = 22;
const TABLE_ROWS = 60;
const NAMES = { ZSYNC: "repair" };
const SHAPES = {
	UPDATE: d3.symbolStar, NOTIFY: d3.symbolTriangle, SOA: d3.symbolCircle, IXFR: d3.symbolSquare, AXFR: d3.symbolDiamond, ZSYNC: d3.symbolCross,
};

export class Timeline {
	constructor(svg, rows) {
		this.svg = d3.select(svg);
		this.rows = rows;
		this.height = KINDS.length * LANE + BOTTOM;
		this.lanes = this.svg.append("g");
		this.axis = this.svg.append("g").attr("transform", `translate(0,${KINDS.length * LANE})`);
		this.window = this.svg.append("svg").attr("class", "window").attr("x", LEFT - 8).attr("height", this.height);      // cuts off what is past
		this.moving = this.window.append("g");
		this.svg.attr("height", this.height);
	}

	size() {
		this.width = Math.max(280, this.svg.node().clientWidth || 280);
		this.span = this.width < 600 ? 30 : 60;
		this.scale = (this.width - LEFT - 10) / this.span;
		this.svg.attr("viewBox", `0 0 ${this.width} ${this.height}`);
		this.window.attr("width", this.width - LEFT + 8);
		const lane = this.lanes.selectAll("g").data(KINDS).join((enter) => {
			const g = enter.append("g").attr("transform", (d, i) => `translate(0,${i * LANE})`);
			g.append("text").attr("class", "name").attr("y", LANE / 2 + 4);
			g.append("line").attr("class", "lane").attr("x1", LEFT - 8).attr("y1", LANE / 2).attr("y2", LANE / 2);
			return g;
		});
		lane.select("text").text((d) => NAMES[d] || d);
		lane.select("line").attr("x2", this.width - 4);
		const x = d3.scaleLinear([-this.span, 0], [LEFT, this.width - 10]);
		this.axis.call(d3.axisBottom(x).ticks(this.width < 600 ? 3 : 6).tickFormat((d) => (d === 0 ? "now" : `−${-d} s`)).tickSizeOuter(0));
	}

	draw(model, t) {
		if (!this.width) this.size();
		const shown = model.messages.filter((message) => message.t > t - this.span - 5);
		const at = (time) => time * this.scale;
		this.moving.selectAll("path").data(shown, (d) => (d.key ||= `${d.t} ${d.kind} ${d.from} ${d.to} ${Math.random()}`)).join((enter) => {
			const mark = enter.append("path").attr("class", (d) => `mark ${d.kind}${d.dropped ? " lost" : ""}`)
				.attr("d", (d) => d3.symbol(SHAPES[d.kind] || d3.symbolCircle, Math.min(380, 30 + 3 * Math.sqrt(d.bytes || 0)))())
				.attr("transform", (d) => `translate(${at(d.begun ?? d.t)},${(KINDS.indexOf(d.kind) + 0.5) * LANE})`);
			mark.append("title").text((d) => `${d.kind} ${d.from} to ${d.to}, ${d.zone || ""} ${d.bytes ?? "?"} bytes${d.dropped ? ", lost" : ""}`);
			return mark;
		});
		this.moving.selectAll("line").data(model.changes.filter((time) => time > t - this.span - 5), (d) => d).join("line").attr("class", "change")
			.attr("x1", at).attr("x2", at).attr("y2", KINDS.length * LANE);
		this.tick(t);
	}

	tick(t) { this.moving.attr("transform", `translate(${this.width - LEFT - 2 - t * this.scale},0)`); }

	table(model) {
		const cells = (d) => [`${d.t.toFixed(3)} s`, `${d.kind}${d.dropped ? ", lost" : ""}`, d.from, d.to, d.zone || "", d.bytes ?? ""];
		d3.select(this.rows).selectAll("tr").data(model.messages.slice(-TABLE_ROWS).reverse()).join("tr")
			.selectAll("td").data(cells).join("td").attr("class", (d, i) => (i === 5 ? "number" : null)).text((d) => d);
	}

	// Another lab, or another width.
	clear() {
		this.moving.selectAll("*").remove();
		this.size();
	}
}
