// The page: puts its parts together and decides when what is drawn. Events only mark what has changed; drawing happens in animation frames, ten a second
// while nothing moves.
import { Model, bare, seconds, weatherWords } from "./model.js";
import { Graph } from "./graph.js";
import { Curve } from "./curve.js";
import { Timeline } from "./timeline.js";
import { Controls } from "./controls.js";
import { Stream } from "./stream.js";

const IDLE_MS = 100;
const CURVE_MS = 250;
const $ = (id) => document.getElementById(id);

let model = null;
let dirty = { nodes: new Set() };
let curveDrawn = 0, laneDrawn = 0, factsShown = "";

const graph = new Graph($("graph"), { structure: null }, (name) => controls.chosen(name));
const controls = new Controls(graph);
const curve = new Curve($("curve"), $("curve-text"));
const timeline = new Timeline($("timeline"), $("message-rows"));
const stream = new Stream({ state: onState, event: onEvent, live: onLive });

function onState(state, isNew) {
	if (isNew || !model) {
		model = new Model(state);
		timeline.clear();
	} else {
		model.take(state);
	}
	controls.take(model, isNew);
	$("lab-name").textContent = model.lab;
	document.title = `zonelab ${model.lab}`;
	markAll();
}

function markAll() {
	dirty = { nodes: "all", wave: true, log: true, timeline: true, links: true, structure: true };
}

function onEvent(event) {
	const { nodes, message, ask, ...rest } = model.apply(event);
	if (nodes === "all" || dirty.nodes === "all") dirty.nodes = "all";
	else for (const name of nodes || []) dirty.nodes.add(name);
	Object.assign(dirty, rest);
	if (ask) stream.refresh();
	// A page that has just come does not play the past.
	if (message && event.t > stream.now() - 1) graph.pulse(message, performance.now());
}

function onLive(state) {
	if ($("live").dataset.state === state) return;
	$("live").dataset.state = state;
	$("live").querySelector(".text").textContent = state;
}

function drawMeter(id, have, total) {
	const meter = $(id), text = total ? `${have} / ${total}` : "–";
	meter.querySelector(".count").textContent = text;
	meter.querySelector("progress").max = total || 1;
	meter.querySelector("progress").value = have;
}

function drawWave() {
	const wave = model.wave, totals = model.totals();
	drawMeter("meter-servers", wave ? Math.min(wave.servers.size, totals.servers) : 0, totals.servers);
	drawMeter("meter-caches", wave ? Math.min(wave.caches.size, totals.caches) : 0, totals.caches);
	$("wave-title").textContent = wave ? `${bare(wave.zone)}, serial ${wave.serial}` : "No change yet";
	$("wave-text").textContent = wave ? progress(wave, totals) : "Change a record and watch the new version reach every server and every cache.";
}

function progress(wave, totals) {
	const lag = totals.servers - wave.servers.size, old = totals.caches - wave.caches.size, done = wave.done;
	if (done) return `Everywhere: all servers after ${seconds(done.servers_s * model.speed)}${done.caches_s === null || done.caches_s === undefined ? "" : `, all caches after ${seconds(done.caches_s * model.speed)}`}.`;
	if (lag > 0) return `${lag} ${lag === 1 ? "server is" : "servers are"} still behind.`;
	if (old > 0) return `All servers have it; ${old} ${old === 1 ? "cache still gives" : "caches still give"} the old answer.`;
	return "Everywhere.";
}

function drawLog() {
	d3.select("#log").selectAll("li").data(model.log).join((enter) => {
		const li = enter.append("li");
		li.append("time");
		li.append("span");
		return li;
	}).call((li) => li.select("time").text((d) => clockOf(d.t * model.speed, 1))).call((li) => li.select("span").text((d) => d.text));
	if (model.said) $("said").textContent = model.said;
	model.said = null;
}

// Time of the lab since its start: "12.3 s", "4:05", "2:00:00".
function clockOf(t, digits = 0) {
	if (t < 100) return `${digits ? t.toFixed(digits) : Math.floor(t)} s`;
	const whole = Math.floor(t), two = (n) => String(n).padStart(2, "0"), hours = Math.floor(whole / 3600);
	return `${hours ? `${hours}:${two(Math.floor(whole / 60) % 60)}` : Math.floor(whole / 60)}:${two(whole % 60)}`;
}

function drawFacts(t) {
	const every = weatherWords(model.weather);
	const text = `${model.nodes.size} nodes, ${model.mode} mode${model.speed !== 1 ? `, ${model.speed} times as fast` : ""}, up ${clockOf(t * model.speed)}${every ? `; links: ${every}` : ""}`;
	if (text !== factsShown) $("lab-facts").textContent = factsShown = text;
}

function draw(now) {
	const t = stream.now(), what = dirty;
	dirty = { nodes: new Set() };
	if (what.structure) graph.draw(model);
	else if (what.nodes === "all" || what.nodes.size) graph.paint(what.nodes);
	if (what.links && !what.structure) graph.drawFaults();
	graph.tick(t);
	if (what.wave) drawWave();
	if (what.log) drawLog();
	if (what.wave || now - curveDrawn > CURVE_MS) {
		curve.draw(model, t);
		curveDrawn = now;
	}
	if (what.timeline || now - laneDrawn > 1000) {
		timeline.draw(model, t);
		laneDrawn = now;
		if ($("messages").open) timeline.table(model);
	} else {
		timeline.tick(t);
	}
	drawFacts(t);
	return graph.movePulses(now);
}

function frame(now) {
	const isMoving = model ? draw(now) : false;
	if (isMoving) requestAnimationFrame(frame);
	else setTimeout(() => requestAnimationFrame(frame), IDLE_MS);
}

let width = document.body.clientWidth;
new ResizeObserver(() => {
	if (document.body.clientWidth === width || !model) return;
	width = document.body.clientWidth;
	timeline.clear();
	markAll();
}).observe(document.body);
$("messages").addEventListener("toggle", () => model && timeline.table(model));
requestAnimationFrame(frame);
