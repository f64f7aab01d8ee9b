// Buttons, fields and keys: what people do to the lab. Every button has words for what came of it.
import { send } from "./stream.js";

const $ = (id) => document.getElementById(id);

// 192.0.2.9 -> 192.0.2.10: a value that is another one the next time.
export function nextValue(type, value) {
	if (type !== "A") return value;
	const match = value.match(/^(\d+\.\d+\.\d+\.)(\d+)$/);
	return match ? `${match[1]}${(Number(match[2]) % 254) + 1}` : value;
}

export class Controls {
	constructor(graph) {
		this.graph = graph;
		this.model = null;
		$("form-update").addEventListener("submit", (event) => this.onUpdate(event));
		$("form-weather").addEventListener("submit", (event) => this.onFault(event));
		$("partition").addEventListener("click", () => this.run("partition", "partition", this.peer() ? [this.node(), this.peer()] : [this.node()]));
		$("heal").addEventListener("click", () => this.run("heal", "heal", []));
		$("kill").addEventListener("click", () => this.run("kill", "kill", [this.node()]));
		$("start").addEventListener("click", () => this.run("start", "start", [this.node()]));
		$("node").addEventListener("change", () => this.graph.choose(this.node()));
		$("help-open").addEventListener("click", () => $("help").showModal());
		$("keys-on").checked = localStorage.getItem("zonelab-keys") !== "off";
		$("keys-on").addEventListener("change", () => localStorage.setItem("zonelab-keys", $("keys-on").checked ? "on" : "off"));
		document.addEventListener("keydown", (event) => this.onKey(event));
	}

	node() { return $("node").value; }
	peer() { return $("peer").value; }

	// A new lab: its nodes and what it suggests to change.
	take(model, isNew) {
		this.model = model;
		for (const id of ["fault", "partition", "heal", "delay", "loss", "peer"]) $(id).disabled = model.mode !== "net";
		$("weather-hint").hidden = model.mode === "net";
		if (!isNew && this.filled === model.structure) return;
		this.filled = model.structure;
		const names = [...model.nodes.keys()], chosen = this.node();
		$("node").replaceChildren(...names.map((name) => new Option(name)));
		$("peer").replaceChildren(new Option("every other node", ""), ...names.map((name) => new Option(name)));
		const watched = model.watched, zone = watched && model.zones.get(watched.zone);
		const suggested = zone ? zone.servers.find((name) => name !== zone.primary) || zone.primary : names[0];
		$("node").value = names.includes(chosen) ? chosen : suggested;
		if (!isNew || !watched) return;
		$("update-name").value = watched.name;
		if (![...$("update-type").options].some((option) => option.value === watched.type)) $("update-type").add(new Option(watched.type));
		$("update-type").value = watched.type;
		if (watched.ttl !== undefined) $("update-ttl").value = watched.ttl;
		const now = watched.target?.[0] ?? "";
		$("update-value").value = nextValue(watched.type, now);
	}

	chosen(name) { $("node").value = name; }

	zoneOf(name) {
		const full = name.endsWith(".") ? name.toLowerCase() : `${name.toLowerCase()}.`;
		const zones = [...this.model.zones.values()].map((zone) => zone.name).filter((zone) => zone === "." || full === zone.toLowerCase() || full.endsWith(`.${zone.toLowerCase()}`));
		return zones.sort((a, b) => b.length - a.length)[0];
	}

	async onUpdate(event) {
		event.preventDefault();
		const name = $("update-name").value.trim(), full = name.endsWith(".") ? name : `${name}.`, type = $("update-type").value, value = $("update-value").value.trim();
		const zone = this.zoneOf(name);
		if (!zone) return this.tell(`no zone of this lab holds ${name}`, false);
		if (await this.run("update", "update", [zone, "replace", full, $("update-ttl").value, type, value])) $("update-value").value = nextValue(type, value);
		return undefined;
	}

	onFault(event) {
		event.preventDefault();
		const link = this.peer() ? `${this.node()}:${this.peer()}` : this.node();
		this.run("fault", "fault", [link, `delay=${$("delay").value}ms`, `loss=${$("loss").value}%`]);
	}

	// False when the lab refused.
	async run(button, command, args) {
		if (!this.model || $(button).getAttribute("aria-busy") === "true") return false;
		$(button).setAttribute("aria-busy", "true");
		this.tell(`${command} ${args.join(" ")} …`, null);
		try {
			this.tell((await send(command, args)) || "done", true);
			return true;
		} catch (error) {
			this.tell(error.message, false);
			return false;
		} finally {
			$(button).removeAttribute("aria-busy");
		}
	}

	tell(text, isGood) {
		$("outcome").dataset.ok = String(isGood);
		$("outcome").textContent = isGood === false ? `Not done: ${text}` : text;
	}

	onKey(event) {
		const isField = event.target.closest?.("input:not([type=checkbox]), select, textarea");
		if (!$("keys-on").checked || isField || event.ctrlKey || event.altKey || event.metaKey || $("help").open) return;
		const press = { u: "update", f: "fault", p: "partition", h: "heal", k: "kill", s: "start" }[event.key];
		if (press) $(press).click();
		else if (event.key === "g") this.graph.focus();
		else if (event.key === "?") $("help").showModal();
		else return;
		event.preventDefault();
	}
}
