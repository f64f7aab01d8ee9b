// Where everything of the hierarchy stands: a fixed picture, computed once for a lab and a width. Zones are boxes in rows by depth, in each box the primary
// above those that fetch from it; below them the resolvers, in rows by whom they ask.

const depthOf = (name) => (name === "." ? 0 : name.replace(/\.$/, "").split(".").length);

// How many steps a node is away from those who get nothing from others in `names`, by edges of one kind.
function levels(names, edges) {
	const level = new Map(names.map((name) => [name, 0]));
	for (let round = 0, moved = true; moved && round < names.length; round++) {
		moved = false;
		for (const { from, to } of edges) {
			if (!level.has(from) || !level.has(to) || level.get(to) > level.get(from)) continue;
			level.set(to, level.get(from) + 1);
			moved = true;
		}
	}
	return level;
}

function byLevel(names, edges) {
	const level = levels(names, edges), rows = [];
	for (const name of names) (rows[level.get(name)] ||= []).push(name);
	return rows.filter(Boolean);
}

// Cuts rows that are wider than the box may be.
const wrap = (rows, max) => rows.flatMap((row) => Array.from({ length: Math.ceil(row.length / max) }, (_, i) => row.slice(i * max, (i + 1) * max)));

function boxes(model, slot, width) {
	const max = Math.max(2, Math.floor((width - 2 * slot.pad) / slot.w));
	const home = new Map();            // a server stands in the zone it is primary of, or the first it serves
	for (const zone of model.zones.values()) home.set(zone.primary, home.get(zone.primary) ?? zone.key);
	for (const zone of model.zones.values()) for (const name of zone.servers) home.set(name, home.get(name) ?? zone.key);
	const found = [], copies = d3.rollup(model.zones.values(), (of) => of.length, (zone) => zone.name);
	const titleOf = (zone) => `${zone.name === "." ? ". (root)" : zone.name.replace(/\.$/, "")}${copies.get(zone.name) > 1 ? ` at ${zone.primary}` : ""}`;
	const add = (title, tier, key, steps, zone) => {
		const cut = wrap(steps, max), columns = Math.max(...cut.map((row) => row.length));
		const least = Math.min(width, title.length * slot.w * 0.11 + 24);
		found.push({ title, tier, key, zone, rows: cut, w: Math.max(columns * slot.w + 2 * slot.pad, least), h: cut.length * slot.h + (title ? slot.head : slot.pad) + slot.pad / 2 });
	};
	for (const zone of model.zones.values()) {
		const names = zone.servers.filter((name) => home.get(name) === zone.key && model.nodes.has(name));
		if (names.length) add(titleOf(zone), depthOf(zone.name), zone.key, byLevel(names, model.edges.filter((edge) => edge.what === "transfer")), zone.key);
	}
	byLevel(model.resolvers.map((node) => node.name), model.edges.filter((edge) => edge.what === "forward"))
		.forEach((row, i) => add("", 100 + i, `resolvers ${i}`, [row], null));
	return found;
}

const tierName = (tier) => (tier === 0 ? "ROOT" : tier === 1 ? "TOP-LEVEL DOMAINS" : tier < 100 ? (tier === 2 ? "ZONES BELOW" : "") : tier === 100 ? "RESOLVERS" : tier === 101 ? "ASK THE ONE ABOVE" : "");

// `scale`: how large the page's text is, 1 = 16 pixels.
export function layOut(model, width, scale = 1) {
	const isDense = model.nodes.size > 60 || width < 500;
	const sizes = isDense ? { w: 52, h: 52, r: 13, pad: 6, head: 25 } : { w: 80, h: 68, r: 18, pad: 10, head: 28 };
	const slot = Object.fromEntries(Object.entries(sizes).map(([key, value]) => [key, value * scale]));
	const gap = (isDense ? 8 : 14) * scale;
	const all = boxes(model, slot, width), resolvers = all.filter((box) => box.tier >= 100), zones = all.filter((box) => box.tier < 100);
	const positions = new Map(), captions = [];
	// Few resolvers stand beside the zones where there is room: the picture is less high.
	const aside = Math.max(0, ...resolvers.map((box) => box.w)), isAside = resolvers.length > 0 && width > 620 * scale && aside < width / 4;
	const beside = Math.max(aside, 150 * scale);
	let y = rows(zones, { x: 0, y: 0, width: isAside ? width - beside - gap : width, gap, scale, isDense, slot }, positions, captions);
	if (isAside) {
		const spread = Math.max(0, y - resolvers.length * (slot.h + 40 * scale)) / (resolvers.length + 1);
		rows(resolvers, { x: width - beside, y: spread, width: beside, gap: Math.max(gap, spread), scale, isDense, slot }, positions, captions);
	} else {
		y = rows(resolvers, { x: 0, y, width, gap, scale, isDense, slot }, positions, captions);
	}
	return { width, height: Math.max(y, 40), boxes: all, positions, captions, r: slot.r, slot, isDense };
}

// One row after the other for each tier, as many boxes in a row as fit. Returns where they end.
function rows(found, { x: left, y: top, width, gap, scale, isDense, slot }, positions, captions) {
	let y = top;
	for (const tier of [...new Set(found.map((box) => box.tier))].sort((a, b) => a - b)) {
		const caption = tierName(tier);
		if (caption) captions.push({ text: caption, x: left, y: y + 11 * scale });
		y += (caption ? 20 : 4) * scale;
		for (let row = found.filter((box) => box.tier === tier); row.length;) {
			let count = 0, used = 0;
			while (count < row.length && (count === 0 || used + gap + row[count].w <= width)) used += (count ? gap : 0) + row[count++].w;
			let x = left + (width - used) / 2;
			const line = row.splice(0, count), height = Math.max(...line.map((box) => box.h));
			for (const box of line) {
				place(box, x, y, slot, positions);
				x += box.w + Math.min(gap, 14 * scale);
			}
			y += height + gap;
		}
		y += (isDense ? 4 : 8) * scale;
	}
	return y;
}

function place(box, x, y, slot, positions) {
	const head = box.title ? slot.head : slot.pad;
	Object.assign(box, { x, y });
	box.rows.forEach((row, i) => row.forEach((name, j) => positions.set(name, {
		x: x + box.w / 2 + (j - (row.length - 1) / 2) * slot.w,
		y: y + head + slot.r + 2 + i * slot.h,
		isAlone: row.length === 1 && box.rows.length > 1,
		box,
	})));
}
