// What the page knows of the lab: the state document, kept up to date by events. No drawing here, nothing of the browser.

export const KINDS = ["UPDATE", "NOTIFY", "SOA", "IXFR", "AXFR", "ZSYNC"];
const LOG_MAX = 14;
const MESSAGES_MAX = 600;

// Serials go round (RFC 1982).
export const isNewer = (a, b) => b === undefined || ((a - b) | 0) > 0;
export const bare = (name) => (name === "." ? "the root" : name.replace(/\.$/, ""));
export const seconds = (s) => (s < 1 ? `${(s * 1000).toFixed(s < 0.1 ? 1 : 0)} ms` : s < 100 ? `${s.toFixed(1)} s` : `${Math.round(s)} s`);

export class Model {
	constructor(state) {
		this.messages = [];
		this.log = [];
		this.changes = [];                 // times of changes, for the timeline
		this.wave = null;
		this.wereDown = new Set();
		this.said = null;                  // the last thing worth telling
		this.predictions = new Map();
		this.take(state);
	}

	// A whole state document; what was learned of earlier times stays.
	take(state) {
		this.identity = state.t0_wall;
		this.lab = state.lab;
		this.mode = state.mode;
		this.speed = state.speed || 1;
		this.t = state.t;
		this.nodes = new Map((state.nodes || []).map((node) => [node.name, { ...node, zones: [] }]));
		// By name; a further copy of a zone (another provider's, say) has a key of its own.
		this.zones = new Map();
		for (const zone of state.zones || []) {
			const key = this.zones.has(zone.name) ? `${zone.name} at ${zone.primary}` : zone.name;
			this.zones.set(key, { ...zone, key });
			for (const name of zone.servers) this.nodes.get(name)?.zones.push(key);
		}
		this.edges = state.edges || [];
		this.serials = new Map();
		this.latest = new Map();           // what the primary was last seen with
		for (const [zone, of] of Object.entries(state.serials || {}))
			for (const [node, serial] of Object.entries(of)) if (serial !== null) this.setSerial(zone, node, serial);
		this.watched = state.watched || null;
		this.answers = new Map(Object.entries(state.answers || {}));
		this.links = new Map();
		for (const link of state.links || []) this.links.set(`${link.from}\n${link.to}`, link);
		this.weather = state.weather || {};      // of all links that are not listed
		this.resolvers = [...this.nodes.values()].filter((node) => node.role === "resolver");
		this.structure = JSON.stringify([[...this.nodes.values()].map((n) => [n.name, n.role, n.hidden]), [...this.zones.values()], this.edges]);
	}

	// The copy of a zone that a node serves.
	copyOf(zone, node) {
		for (const copy of this.zones.values()) if (copy.name === zone && copy.servers.includes(node)) return copy;
		return this.zones.get(zone);
	}

	setSerial(zone, node, serial) {
		const copy = this.copyOf(zone, node);
		if (!copy) return;
		if (!this.serials.has(copy.key)) this.serials.set(copy.key, new Map());
		const of = this.serials.get(copy.key);
		of.set(node, serial);
		// What counts is what the primary has; while that is not known, the newest.
		if (node === copy.primary || (!of.has(copy.primary) && isNewer(serial, this.latest.get(copy.key)))) this.latest.set(copy.key, serial);
	}

	// The zone in the middle of attention.
	get focus() { return this.wave?.key ?? this.watched?.zone ?? null; }

	// How a node stands: { status, value, words }.
	status(name) {
		const node = this.nodes.get(name);
		if (node.state === "down") return { status: "down", value: "", words: "down" };
		if (node.role === "resolver") {
			const answer = this.answers.get(name);
			if (!answer || answer.trouble) return { status: "unknown", value: "?", words: answer ? answer.trouble : "no answer yet" };
			const what = answer.value?.length ? answer.value.join(", ") : "no such record";
			return answer.fresh ? { status: "current", value: "", words: `new answer ${what}` } : { status: "behind", value: "", words: `old answer ${what}` };
		}
		const zones = node.zones.includes(this.focus) ? [this.focus] : node.zones;
		let status = zones.length ? "current" : "unknown", value = "", words = [];
		for (const zone of zones) {
			const serial = this.serials.get(zone)?.get(name);
			if (value === "" && serial !== undefined) value = serial;
			if (serial === undefined) status = status === "current" ? "unknown" : status;
			else if (this.latest.get(zone) !== serial) status = "behind";
			const called = bare(this.zones.get(zone).name);
			words.push(serial === undefined ? `${called} not seen` : `${called} serial ${serial}`);
		}
		if (status === "behind") words.push(`the primary has ${zones.map((zone) => this.latest.get(zone)).join(", ")}`);
		return { status, value: value === "" ? "?" : String(value), words: words.join(", ") };
	}

	note(t, text) {
		this.log.unshift({ t, text });
		this.log.length = Math.min(this.log.length, LOG_MAX);
		this.said = text;
	}

	// One event. Those from before the state document only add to what happened. Returns which views must be drawn anew.
	apply(event) {
		const isOld = event.t <= this.t;
		const handler = handlers[event.event];
		return handler ? handler(this, event, isOld) || {} : {};
	}

	totals() {
		const zone = this.zones.get(this.wave?.key);
		const isWatched = this.wave && this.watched && this.wave.key === this.watched.zone;
		return { servers: zone ? zone.servers.length : 0, caches: isWatched ? this.resolvers.length : 0 };
	}
}

const handlers = {
	node(model, event, isOld) {
		const node = model.nodes.get(event.node);
		if (node && !isOld) node.state = event.state;
		// That all come up at the beginning is nothing to tell.
		if (event.state === "up" && !model.wereDown.delete(event.node)) return { nodes: [event.node] };
		if (event.state === "down") model.wereDown.add(event.node);
		model.note(event.t, `${event.node} is ${event.state}${event.why && event.why !== "started" ? ` (${event.why})` : ""}`);
		return { nodes: [event.node], log: true };
	},
	change(model, event) {
		const copy = model.copyOf(event.zone, event.node);
		if (!copy) return {};
		if (event.t > model.t) model.latest.set(copy.key, event.serial);
		model.wave = {
			zone: event.zone, key: copy.key, serial: event.serial, t: event.t, servers: new Map(), caches: new Map(), done: null,
			prediction: model.predictions.get(`${event.zone} ${event.serial}`) || null,
		};
		model.changes.push(event.t);
		if (model.changes.length > 50) model.changes.shift();
		if (event.node) handlers.serial(model, event, event.t <= model.t);
		// What the caches have is the old data until they have asked again.
		if (event.t > model.t && model.watched?.zone === event.zone) for (const answer of model.answers.values()) answer.fresh = false;
		model.note(event.t, event.backward ? `${bare(event.zone)} went back from serial ${event.was} to ${event.serial}` : `${bare(event.zone)} has serial ${event.serial}`);
		return { nodes: "all", wave: true, log: true, timeline: true };
	},
	serial(model, event, isOld) {
		const wave = model.wave;
		if (!isOld && event.serial !== null) model.setSerial(event.zone, event.node, event.serial);
		const key = model.copyOf(event.zone, event.node)?.key;
		if (!isOld && event.serial === null) model.serials.get(key)?.delete(event.node);
		if (wave && wave.key === key) {
			if (event.serial === null || isNewer(wave.serial, event.serial)) wave.servers.delete(event.node);
			else if (!wave.servers.has(event.node)) wave.servers.set(event.node, event.t);
		}
		return { nodes: [event.node], wave: true };
	},
	answer(model, event, isOld) {
		const wave = model.wave;
		if (model.watched && (event.name !== model.watched.name || event.type !== model.watched.type)) return {};
		if (!isOld) model.answers.set(event.node, { value: event.value, ttl: event.ttl, fresh: event.fresh === true, trouble: event.trouble, t: event.t });
		if (wave && model.watched?.zone === wave.zone) cacheSeen(wave, event.node, event.fresh === true, event.t);
		return { nodes: [event.node], wave: true };
	},
	// What the primary says of the watched name, at the beginning and when it has changed; and which caches still give something else.
	watched(model, event, isOld) {
		const { zone, name, type, target, ttl } = event, stale = new Set(event.stale || []);
		if (!isOld) {
			if (model.watched?.name !== name || model.watched?.type !== type) model.answers.clear();
			model.watched = { zone, name, type, target, ttl };
			for (const [node, answer] of model.answers) answer.fresh = !stale.has(node) && !answer.trouble;
		}
		if (model.wave?.zone === zone) for (const node of model.resolvers) cacheSeen(model.wave, node.name, !stale.has(node.name) && model.answers.has(node.name), event.t);
		return { nodes: "all", wave: true };
	},
	converged(model, event) {
		const wave = model.wave;
		if (wave && wave.zone === event.zone && wave.serial === event.serial) wave.done = event;
		const without = event.down?.length ? `, without ${listWords(event.down)}` : "";
		const caches = event.caches_s === null || event.caches_s === undefined ? "" : `, all caches after ${seconds(event.caches_s * model.speed)}`;
		model.note(event.t, `${bare(event.zone)} serial ${event.serial}: all servers after ${seconds(event.servers_s * model.speed)}${caches}${without}`);
		return { nodes: "all", wave: true, log: true };
	},
	prediction(model, event) {
		model.predictions.set(`${event.zone} ${event.serial}`, event);
		if (model.predictions.size > 20) model.predictions.delete(model.predictions.keys().next().value);
		if (model.wave && model.wave.zone === event.zone && (event.serial === undefined || event.serial === model.wave.serial)) model.wave.prediction = event;
		return { wave: true };
	},
	// What links are like then is asked for: a change adds to what there was, and to heal is to go back to the beginning.
	fault(model, event, isOld) {
		model.note(event.t, `weather of ${linkWords(event.links)}: ${weatherWords(event.set) || event.words}`);
		return { log: true, ask: !isOld };
	},
	partition(model, event, isOld) {
		model.note(event.t, `partition: ${listWords(event.a)} from ${listWords(event.b)}`);
		return { log: true, ask: !isOld };
	},
	heal(model, event, isOld) {
		model.note(event.t, event.links ? `healed: ${linkWords(event.links)}` : "all links are healed");
		return { log: true, ask: !isOld };
	},
	message(model, event) {
		model.messages.push(event);
		if (model.messages.length > MESSAGES_MAX) model.messages.splice(0, model.messages.length - MESSAGES_MAX);
		return { timeline: true, message: event };
	},
	scenario(model, event) {
		model.note(event.t, `scenario ${event.name}: ${event.text || event.step} ${event.state}`);
		return { log: true };
	},
};

function cacheSeen(wave, node, isFresh, t) {
	if (!isFresh) wave.caches.delete(node);
	else if (!wave.caches.has(node)) wave.caches.set(node, t);
}

// Whether a link is worse than what all the others are like.
export function isWorse(link, others) {
	const more = (name, by) => (link[name] || 0) > (others[name] || 0) + by, narrower = (name) => link[name] > 0 && (!others[name] || link[name] < others[name]);
	return Boolean(link.cut) || more("delay_ms", 0.5) || more("loss", 0) || more("duplicate", 0) || more("reorder", 0) || narrower("rate_bps") || narrower("mtu");
}

// "50 ms, 5 % lost"; "" for fine weather.
export function weatherWords(link) {
	const words = [];
	if (link.cut) return "cut";
	if (link.delay_ms) words.push(`${+link.delay_ms.toFixed(1)} ms${link.jitter_ms ? ` ± ${+link.jitter_ms.toFixed(1)}` : ""}`);
	if (link.loss) words.push(`${+(link.loss * 100).toFixed(1)} % lost`);
	if (link.duplicate) words.push(`${+(link.duplicate * 100).toFixed(1)} % doubled`);
	if (link.reorder) words.push(`${+(link.reorder * 100).toFixed(1)} % reordered`);
	const rate = link.rate_bps;
	if (rate) words.push(`${rate >= 1e6 ? `${rate / 1e6} M` : rate >= 1e3 ? `${rate / 1e3} k` : `${rate} `}bit/s`);
	if (link.mtu) words.push(`MTU ${link.mtu}`);
	return words.join(", ");
}

const listWords = (names) => (names.length <= 3 ? names.join(", ") : `${names.length} nodes`);
const end = (name) => (name === "*" ? "every node" : name);
const linkWords = (links) => (links.length === 1 ? links[0].map(end).join(" to ") : links.length === 2 && links[0][0] === links[1][1] && links[0][1] === links[1][0] ? links[0].map(end).join(" and ") : `${links.length} links`);
