// The connection to the lab: its state, then its events as they happen, through every loss of the connection. A browser takes up server-sent events where
// they broke off; what it does not see (a server that hangs, one that refuses, another lab behind the same address) is looked after here.

const SILENCE_MS = 12000;         // the server sends a beat each 5 s
const AGAIN_MS = 1000;
const REFRESH_MS = 60;
const HISTORY = 3000;             // events of before that a new page takes

export class Stream {
	// on: { state(document, isNew), event(event), live(text) }
	constructor(on) {
		this.on = on;
		this.last = null;
		this.identity = null;
		this.heard = performance.now();
		setInterval(() => this.watch(), 1000);
		this.begin();
	}

	now() { return this.offset + performance.now() / 1000; }

	async fetchState() {
		const asked = performance.now();
		const response = await fetch("/api/state", { cache: "no-store", signal: AbortSignal.timeout(8000) });
		if (!response.ok) throw new Error((await response.json()).error || response.statusText);
		const state = await response.json();
		this.offset = state.t - (asked + performance.now()) / 2000;
		return state;
	}

	async begin() {
		clearTimeout(this.again);
		this.source?.close();
		this.source = null;
		try {
			const state = await this.fetchState(), isNew = state.t0_wall !== this.identity;
			if (isNew) this.last = null;
			this.identity = state.t0_wall;
			this.on.state(state, isNew);
			this.listen();
		} catch (error) {
			this.on.live("reconnecting");
			this.again = setTimeout(() => this.begin(), AGAIN_MS);
		}
	}

	listen() {
		const source = new EventSource(this.last === null ? `/api/events?last=${HISTORY}` : `/api/events?after=${this.last}`);
		this.source = source;
		this.heard = performance.now();
		source.onopen = () => this.on.live("live");
		source.addEventListener("beat", () => this.hear());
		source.addEventListener("lab", (message) => {
			this.hear();
			this.last = message.lastEventId;
			try {
				this.on.event(JSON.parse(message.data));
			} catch (error) {
				console.error(`event ${message.lastEventId}: ${error.message}`);
			}
		});
		// The state may have changed meanwhile, and the lab too: begin again by asking for it, and go on after the last event.
		source.onerror = () => {
			if (source !== this.source) return;
			this.on.live("reconnecting");
			source.close();
			this.source = null;
			clearTimeout(this.again);
			this.again = setTimeout(() => this.begin(), AGAIN_MS);
		};
	}

	// The state once more, soon.
	refresh() {
		if (this.asking) return;
		this.asking = setTimeout(async () => {
			this.asking = null;
			try {
				const state = await this.fetchState();
				if (state.t0_wall === this.identity) this.on.state(state, false);
			} catch (error) {
				this.on.live("reconnecting");
			}
		}, REFRESH_MS);
	}

	hear() {
		this.heard = performance.now();
		this.on.live("live");
	}

	watch() {
		if (!this.source || performance.now() - this.heard < SILENCE_MS) return;
		this.on.live("reconnecting");
		this.begin();
	}
}

export async function send(command, args) {
	const response = await fetch("/api/command", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ command, args }) });
	const reply = await response.json();
	if (!response.ok || !reply.ok) throw new Error(reply.error || response.statusText);
	return reply.text;
}
