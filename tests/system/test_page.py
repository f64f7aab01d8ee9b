"""zonelab's page in Debian's Chromium: what people see and do, with the real server behind it. Most tests tell the page events of a made-up lab
(zt.page_lab), which come to the millisecond; the last ones drive a real lab. Pictures are kept in the build's test-logs/."""
# time limit: 300 s
import contextlib
import os
from pathlib import Path

from zt import Failure, built, run_tests, skip, source_top, test, wait_for
from zt.chromium import Chromium
from zt.lab import time_factor
from zt.page_lab import PageLab, default_topology, large_topology
from zt.zonelab import Zonelab

FRAME_MS = 50            # the bound
ROUNDS = 6               # a busy machine may spoil some
NODES = "document.querySelectorAll('#graph g.node').length"
CONTRAST = """(() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number), light = (c) => { c /= 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
  const luminance = ([r, g, b]) => 0.2126 * light(r) + 0.7152 * light(g) + 0.0722 * light(b);
  const behind = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c; } };
  const poor = [];
  for (const e of document.querySelectorAll('h1, h2, h3, p, label, button, dt, li, summary, input, select, time')) {
    if (!e.offsetParent || !e.textContent.trim() && !e.value || e.disabled) continue;
    const a = luminance(parse(getComputedStyle(e).color)), b = luminance(behind(e)), ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.push(`${e.tagName} ${e.id} ${e.textContent.trim().slice(0, 20)} ${ratio.toFixed(2)}`);
  }
  const box = document.querySelector('.node.current.focus'), text = getComputedStyle(box.querySelector('.value')).fill, fill = getComputedStyle(box.querySelector('.body')).fill;
  const [a, b] = [luminance(parse(text)), luminance(parse(fill))];
  if ((Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5) poor.push('serials in nodes');
  return poor;
})()"""
MEASURE = """new Promise((done) => {
  const deltas = [], tasks = []; let last = null;
  const observer = new PerformanceObserver((list) => tasks.push(...list.getEntries().map((e) => e.duration)));
  observer.observe({ type: 'longtask' });
  const frame = (now) => { if (last !== null) deltas.push(now - last); last = now;
    if (deltas.length < 120) requestAnimationFrame(frame); else { observer.disconnect(); deltas.sort((a, b) => a - b);
      done({ median: deltas[60], most: deltas[113], tasks }); } };
  requestAnimationFrame(frame);
})"""


def logs():
    folder = Path(os.environ.get("ZT_BUILD") or source_top() / "build", "test-logs")
    folder.mkdir(exist_ok=True)
    return folder


def require_page():
    built_d3 = Path(built("tools/zonelab/zonelab")).parent / "page/d3.js"
    if not built_d3.exists() or built_d3.stat().st_size == 0:
        skip("zonelab was built without its page: npm was missing or reached no registry (make page)")


def expect(condition, what):
    if not condition:
        raise Failure(what)


@contextlib.contextmanager
def shown(lab, topology=None, allowed="nothing", **size):
    """A made-up lab and a browser that shows it. At the end there must have been no complaint (but of `allowed`), and no request to anybody else."""
    require_page()
    with PageLab(lab.folder, topology) as page, Chromium(lab.folder) as browser:
        page.start()
        browser.size(**{"width": 1280, "height": 900, **size})
        browser.open(page.url)
        browser.wait(f"{NODES} === {len(page.state['nodes'])}", "all nodes of the lab")
        yield page, browser
        errors = [error for error in browser.errors if allowed not in error]
        expect(not errors, f"the browser complains: {errors}")
        foreign = [url for url in browser.requests if not url.startswith((page.url, "about:"))]
        expect(not foreign, f"requests to others: {foreign}")
        page.stop()


def node_class(browser, node):
    return browser.evaluate(f"document.querySelector('[data-node=\"{node}\"]').getAttribute('class')").split()


def wait_status(browser, node, status):
    wait_for(lambda: status in node_class(browser, node), lambda: f"{node} to be shown as {status}, not {node_class(browser, node)}")


def text(browser, selector):
    return browser.evaluate(f"document.querySelector('{selector}').textContent")


@test("nodes change as a new version reaches them, and the page says when it is everywhere")
def wave(lab):
    with shown(lab) as (page, browser):
        wait_status(browser, "ns2.shop.example", "current")
        page.change()
        wait_status(browser, "ns1.shop.example", "current")
        wait_status(browser, "ns2.shop.example", "behind")
        wait_status(browser, "edge", "behind")
        wait_status(browser, "ns2.blog.example", "current")
        browser.wait("document.querySelector('#meter-servers .count').textContent === '1 / 3'")
        label = browser.evaluate("document.querySelector('[data-node=\"ns2.shop.example\"]').getAttribute('aria-label')")
        expect(label == "ns2.shop.example: secondary, authd, shop.example serial 1, the primary has 2", label)
        browser.screenshot(logs() / "page-wave.png")
        page.spread("shop.example.", "ns2.shop.example")
        page.spread("shop.example.", "ns3.shop.example", "AXFR")
        wait_status(browser, "ns3.shop.example", "current")
        browser.wait("document.querySelector('#meter-servers .count').textContent === '3 / 3'")
        browser.wait("document.getElementById('wave-text').textContent.includes('2 caches still give the old answer')")
        for node in ("regional", "edge"):
            page.answer(node)
            wait_status(browser, node, "current")
        page.emit("converged", zone="shop.example.", serial=2, servers_s=0.012, caches_s=9.8, down=[])
        browser.wait("document.getElementById('wave-text').textContent === 'Everywhere: all servers after 12.0 ms, all caches after 9.8 s.'")
        browser.wait("document.getElementById('said').textContent.includes('all caches after 9.8 s')", "the live region's words")


@test("the convergence curve has what was measured and what was predicted; messages stand in their lanes with their sizes")
def curve_and_timeline(lab):
    with shown(lab) as (page, browser):
        page.wave()
        for line in ("servers", "caches", "servers.predicted", "caches.predicted"):
            browser.wait(f"(document.querySelector('#curve path.line.{line}')?.getAttribute('d') || '').length > 20", f"the line of {line}")
        browser.wait("document.getElementById('curve-text').textContent.includes('predicted: all within 13.9 s')")
        page.message("ZSYNC", "ns1.test", "ns2.test", "test.")
        page.message("NOTIFY", "ns1.test", "ns3.test", "test.", dropped=True)
        for kind, count in (("UPDATE", 1), ("NOTIFY", 3), ("SOA", 2), ("IXFR", 2), ("ZSYNC", 1)):
            browser.wait(f"document.querySelectorAll('#timeline .mark.{kind}').length === {count}", f"{count} marks of {kind}")
        expect(browser.evaluate("document.querySelectorAll('#timeline .mark.lost').length") == 1, "the lost message is not marked")
        browser.evaluate("document.getElementById('messages').open = true")
        browser.wait("document.querySelectorAll('#message-rows tr').length === 9", "the table of messages")
        expect("ZSYNC" in text(browser, "#message-rows"), "the repair is not in the table")
        sizes = "[...document.querySelectorAll('#timeline .mark')].filter((m) => m.matches('{}')).map((m) => m.getBBox().width)[0]"
        expect(browser.evaluate(sizes.format(".IXFR")) < browser.evaluate(sizes.format(".ZSYNC")), "larger messages are not larger marks")


@test("rings show how long resolvers may still give what they have")
def rings(lab):
    with shown(lab) as (page, browser):
        page.answer("edge", ttl=20)
        value, ring = "Number(document.querySelector('[data-node=edge] .value').textContent)", "document.querySelector('[data-node=edge] .ring').getAttribute('stroke-dasharray')"
        browser.wait(f"{value} >= 19")
        before = float(browser.evaluate(ring).split()[0])
        browser.wait(f"{value} <= 18", "the time to run")
        expect(float(browser.evaluate(ring).split()[0]) < before, "the ring does not shrink")


@test("bad links and partitions are drawn, and healed ones are gone; a node that is down is crossed out")
def faults(lab):
    with shown(lab) as (page, browser):
        page.fault("ns1.shop.example", "ns2.shop.example", delay_ms=200, jitter_ms=0, loss=0.1)
        page.write_state()
        browser.wait("document.querySelector('#graph .fault-label')?.textContent === '200 ms, 10 % lost'")
        page.cut(["ns3.blog.example"], ["ns1.blog.example", "ns2.blog.example"])
        page.write_state()
        page.emit("partition", a=["ns3.blog.example"], b=["ns1.blog.example"])
        browser.wait("document.querySelectorAll('#graph .fault-line.cut').length === 2")
        others = [node["name"] for node in page.state["nodes"] if node["name"] != "ns1.test"]
        page.cut(["ns1.test"], others)
        page.write_state()
        page.emit("partition", a=["ns1.test"], b=others)
        browser.wait("document.querySelectorAll('#graph circle.fault-line.cut').length === 1 && document.querySelectorAll('#graph path.fault-line').length === 0",
                     "one ring around a node that is cut off from all")
        expect("✕ cut off" in text(browser, "#graph .labels"), text(browser, "#graph .labels"))
        page.kill("ns2.test")
        wait_status(browser, "ns2.test", "down")
        browser.screenshot(logs() / "page-faults.png")
        page.revive("ns2.test")
        wait_status(browser, "ns2.test", "current")
        # Where every link is slow, the slower one is the bad one.
        page.state["weather"] = {"rate_bps": 1e6}
        page.state["links"] = [{"from": "ns1.shop.example", "to": other, "rate_bps": rate} for other, rate in (("ns2.shop.example", 1e5), ("ns3.shop.example", 1e7))]
        page.write_state()
        page.emit("fault", links=[["ns1.shop.example", "ns2.shop.example"]], set={"rate_bps": 1e5})
        browser.wait("[...document.querySelectorAll('#graph .fault-label')].map((e) => e.textContent).join() === '100 kbit/s'")
        page.state["links"], page.state["weather"] = [], {}
        page.write_state()
        page.heal()
        browser.wait("document.querySelectorAll('#graph .fault-line').length === 0")
        expect("ns2.test is down (killed)" in text(browser, "#log"), text(browser, "#log"))


@test("what the buttons ask for reaches the lab, and what it says is shown")
def commands(lab):
    with shown(lab, allowed="status of 409") as (page, browser):
        def press(button, expected, status=200, said="as you wish"):
            browser.evaluate(f"document.getElementById('{button}').click()")
            command = page.next_command()
            expect(command == expected, f"{button} sent {command}, expected {expected}")
            page.reply(status, said)
            browser.wait(f"document.getElementById('outcome').textContent.endsWith({said!r})", f"the page to say: {said}")
        press("update", {"command": "update", "args": ["shop.example.", "replace", "www.shop.example.", "10", "A", "192.0.2.11"]})
        press("update", {"command": "update", "args": ["shop.example.", "replace", "www.shop.example.", "10", "A", "192.0.2.12"]}, 409, "no answer from ns1")
        expect(browser.evaluate("document.getElementById('outcome').dataset.ok") == "false", "a refusal looks like a success")
        browser.evaluate("document.querySelector('[data-node=\"ns3.blog.example\"]').dispatchEvent(new MouseEvent('click', {bubbles: true}))")
        press("kill", {"command": "kill", "args": ["ns3.blog.example"]})
        press("start", {"command": "start", "args": ["ns3.blog.example"]})
        press("partition", {"command": "partition", "args": ["ns3.blog.example"]})
        press("fault", {"command": "fault", "args": ["ns3.blog.example", "delay=200ms", "loss=10%"]})
        browser.evaluate("document.getElementById('peer').value = 'ns1.blog.example'")
        press("fault", {"command": "fault", "args": ["ns3.blog.example:ns1.blog.example", "delay=200ms", "loss=10%"]})
        press("partition", {"command": "partition", "args": ["ns3.blog.example", "ns1.blog.example"]})
        press("heal", {"command": "heal", "args": []})


@test("everything can be done by keyboard, and the focus can be seen")
def keyboard(lab):
    with shown(lab) as (page, browser):
        active = "document.activeElement.id || document.activeElement.dataset.node || document.activeElement.tagName"
        order = []
        for _ in range(40):
            browser.key("Tab")
            order.append(browser.evaluate(active))
            expect(browser.evaluate("(() => { const e = document.activeElement, s = getComputedStyle(e.querySelector('.halo') || e); "
                                    "return e === document.body || s.outlineStyle !== 'none' || s.stroke !== 'none'; })()"), f"the focus on {order[-1]} cannot be seen")
            if order[-1] == "start":
                break
        wanted = ["help-open", "dm.root", "update-name", "update", "node", "fault", "partition", "heal", "kill", "start"]
        expect([stop for stop in order if stop in wanted] == wanted, f"the order of the focus is {order}")
        browser.evaluate("document.activeElement.blur()")
        browser.key("g")
        expect(browser.evaluate(active) == "dm.root", browser.evaluate(active))
        browser.key("ArrowDown")
        browser.key("ArrowRight")
        expect(browser.evaluate(active) == "b.root", browser.evaluate(active))
        browser.key("Enter")
        expect(browser.evaluate("document.getElementById('node').value") == "b.root", "Enter does not choose the node")
        browser.key("k")
        expect(page.next_command() == {"command": "kill", "args": ["b.root"]}, "k does not kill the chosen node")
        page.reply(200, "done")
        browser.wait("document.getElementById('outcome').textContent === 'done'")
        browser.key("?")
        browser.wait("document.getElementById('help').open")
        browser.key("Escape")
        browser.wait("!document.getElementById('help').open")
        browser.evaluate("document.getElementById('update-value').focus()")
        browser.key("h")
        expect(browser.evaluate("document.getElementById('update-value').value").endswith("h"), "a key in a field is no text")
        browser.evaluate("(document.activeElement.blur(), document.getElementById('keys-on').click())")
        browser.key("s")
        browser.evaluate("document.getElementById('keys-on').click()")
        browser.key("h")
        expect(page.next_command() == {"command": "heal", "args": []} and not page.commands, "keys act that were switched off")
        page.reply(200, "healed")


@test("light and dark follow the system, with enough contrast in both")
def themes(lab):
    with shown(lab) as (page, browser):
        page.wave()
        browser.wait("document.getElementById('wave-title').textContent.includes('serial 2')")
        backgrounds = set()
        for dark in (False, True):
            browser.size(1280, 900, dark=dark, still=True)
            browser.wait(f"matchMedia('(prefers-color-scheme: dark)').matches === {str(dark).lower()}")
            backgrounds.add(browser.evaluate("getComputedStyle(document.body).backgroundColor"))
            wait_for(lambda: not browser.evaluate(CONTRAST), lambda: f"contrast of at least 4.5 (dark: {dark}): {browser.evaluate(CONTRAST)}", 5)
            browser.screenshot(logs() / f"page-{'dark' if dark else 'light'}.png")
        expect(len(backgrounds) == 2, f"dark is as light: {backgrounds}")


@test("on a phone 360 pixels wide nothing is cut off, and buttons are large enough for fingers")
def phone(lab):
    with shown(lab, width=360, height=740) as (page, browser):
        page.wave()
        browser.wait("document.getElementById('wave-title').textContent.includes('serial 2')")
        wide = browser.evaluate("document.documentElement.scrollWidth")
        expect(wide <= 360, f"the page is {wide} pixels wide")
        small = browser.evaluate("[...document.querySelectorAll('main button')].filter((b) => b.getBoundingClientRect().height < 44).map((b) => b.id)")
        expect(not small, f"buttons of less than 44 pixels: {small}")
        outside = browser.evaluate("[...document.querySelectorAll('#graph g.node')].filter((g) => { const r = g.getBoundingClientRect(); return r.left < 0 || r.right > 360; }).length")
        expect(outside == 0, f"{outside} nodes are outside")
        browser.screenshot(logs() / "page-phone.png")


@test("on a phone no name is written over another")
def long_names(lab):
    zones, _ = default_topology()
    with shown(lab, (zones, [f"{what}-resolver-{i}" for i in range(3) for what in ("knot", "bind")]), width=360, height=740) as (page, browser):
        labels = browser.evaluate("[...document.querySelectorAll('#graph text.label')].map((l) => [l.textContent, ...Object.values(l.getBoundingClientRect().toJSON())])")
        expect(any("…" in label[0] for label in labels), f"no label is shortened: {labels}")
        for text_a, left_a, top_a, width_a, height_a, *_ in labels:
            for text_b, left_b, top_b, *_ in labels:
                expect(not (left_a < left_b < left_a + width_a and top_a <= top_b < top_a + height_a), f"{text_b} is written over {text_a}")


@test("who wants no motion gets none")
def no_motion(lab):
    with shown(lab, still=True) as (page, browser):
        browser.evaluate("(() => { window.seen = 0; new MutationObserver((list) => { for (const m of list) seen += m.addedNodes.length; })"
                         ".observe(document.querySelector('#graph .pulses'), { childList: true }); })()")
        page.wave()
        browser.wait("document.getElementById('wave-title').textContent.includes('serial 2')")
        expect(browser.evaluate("window.seen") == 0, "messages move")
        browser.size(1280, 900)
        browser.wait("!matchMedia('(prefers-reduced-motion: reduce)').matches")
        page.wave()
        browser.wait("window.seen > 0", "messages to move for the others")


@test("the page goes on where it was when the server comes back, and begins anew with another lab")
def reconnect(lab):
    require_page()
    with PageLab(lab.folder) as page, Chromium(lab.folder) as browser:
        page.start(lab.port)
        browser.open(page.url)
        browser.wait("document.getElementById('live').dataset.state === 'live'")
        page.wave()
        browser.wait("document.getElementById('wave-title').textContent.includes('serial 2')")
        page.stop()
        browser.wait("document.getElementById('live').dataset.state === 'reconnecting'")
        expect(text(browser, "#live .text") == "reconnecting", "the words do not say it")
        page.wave()                                          # nobody sees it now
        page.kill("ns2.test")
        page.start(lab.port)
        browser.wait("document.getElementById('live').dataset.state === 'live'")
        browser.wait("document.getElementById('wave-title').textContent.includes('serial 3')")
        wait_status(browser, "ns2.test", "down")
        marks = browser.evaluate("document.querySelectorAll('#timeline .mark.UPDATE').length")
        expect(marks == 2, f"{marks} updates are shown, expected 2, each once")
        page.stop()
        other = lab.folder / "other"
        other.mkdir()
        with PageLab(other, large_topology(100), "other") as second:
            second.state["t0_wall"] = "2026-11-25T03:00:00Z"
            second.wave()
            for _ in range(page.events.read_text().count("\n")):
                second.answer("r1")
            second.start(lab.port)
            browser.wait(f"document.getElementById('lab-name').textContent === 'other' && {NODES} === 100")
            browser.wait("document.getElementById('wave-title').textContent === 'shop.example, serial 2'", "the change that this lab began with")
            marks = browser.evaluate("document.querySelectorAll('#timeline .mark.UPDATE').length")
            expect(marks == 1, f"{marks} updates are shown, expected the other lab's one")
            second.stop()
        errors = [error for error in browser.errors if "net::ERR_" not in error]      # while the server was away
        expect(not errors, f"the browser complains: {errors}")


@test(f"with 100 nodes and hundreds of messages a frame takes less than {FRAME_MS} ms")
def frames(lab):
    with shown(lab, large_topology(100)) as (page, browser):
        for attempt in range(ROUNDS):
            page.change()
            for node in page.zones["shop.example."][1:]:
                page.spread("shop.example.", node)
            for node in page.resolvers:
                page.answer(node)
            seen = browser.evaluate(MEASURE)
            print(f"# frames: median {seen['median']:.1f} ms, 95th percentile {seen['most']:.1f} ms, tasks over 50 ms: {[round(task) for task in seen['tasks']]}")
            if seen["most"] < FRAME_MS * time_factor() and len(seen["tasks"]) == 0:
                break
            expect(attempt < ROUNDS - 1, f"frames take {seen}")
        browser.wait("document.querySelector('#meter-servers .count').textContent === '51 / 51'")
        browser.screenshot(logs() / "page-hundred.png")


def real(lab):
    """The default topology with addresses and a port of this test's, in net mode where that is possible."""
    text = (source_top() / "zones/lab.yaml").read_text().replace("{", "{{").replace("}", "}}")
    return Zonelab(lab, text.replace("5300", "{port}").replace("127.53.0.0", "{network}.0"), mode=None)


@test("zonelab up --http: a real lab is shown, an update is pressed, and the wave ends at the last cache")
def real_lab(lab):
    require_page()
    url = f"http://127.0.0.1:{lab.port}/"
    with real(lab) as zonelab, Chromium(lab.folder) as browser:
        said = zonelab.run("up", "--http", f"127.0.0.1:{lab.port}", zonelab.topology)
        expect(f"Page: {url}\n" in said, said)
        is_net = ", net mode" in said
        browser.size(1440, 900)
        browser.open(url)
        browser.wait(f"{NODES} === 20", "the nodes of the default lab")
        browser.wait("[...document.querySelectorAll('#graph g.node')].every((n) => n.classList.contains('current'))", "all nodes to be current")
        browser.wait("fetch('/api/state').then((answer) => answer.json()).then((state) => Boolean(state.prediction))", "the prediction for the next change")
        browser.evaluate("document.getElementById('update').click()")
        browser.wait("document.getElementById('outcome').textContent.includes('serial of shop.example.: 1 -> 2')")
        browser.wait("document.getElementById('wave-text').textContent.startsWith('Everywhere')", "the end of the wave", 60)
        wait_status(browser, "edge", "current")
        browser.wait("document.querySelector('#curve path.line.predicted') !== null", "the prediction")
        if is_net:
            for kind in ("NOTIFY", "SOA", "IXFR"):
                browser.wait(f"document.querySelectorAll('#timeline .mark.{kind}').length >= 2", f"{kind} for two secondaries")
        browser.screenshot(logs() / "page-real.png")
        browser.evaluate("(document.getElementById('node').value = 'ns2.shop.example', document.getElementById('kill').click())")
        wait_status(browser, "ns2.shop.example", "down")
        browser.evaluate("document.getElementById('start').click()")
        wait_status(browser, "ns2.shop.example", "current")
        expect(not browser.errors, f"the browser complains: {browser.errors}")
        other = Zonelab(lab, zonelab.topology.read_text().replace("{", "{{").replace("}", "}}"), folder="second", mode=None)
        said = other.run("up", "--http", f"127.0.0.1:{lab.port}", other.topology, expect=1)
        expect(f"zonelab: --http 127.0.0.1@{lab.port}: another program listens there; choose another port\n" in said, said)


@test("a partition made on the page holds a change back, healing lets it through; another lab on the same port takes the page over")
def real_partition(lab):
    require_page()
    url = f"http://127.0.0.1:{lab.port}/"
    with real(lab) as zonelab, Chromium(lab.folder) as browser:
        words = ("up", "--http", f"127.0.0.1:{lab.port}", zonelab.topology)
        if ", net mode" not in zonelab.run(*words):
            skip("net mode is not possible here")
        browser.open(url)
        browser.wait("[...document.querySelectorAll('#graph g.node')].filter((n) => n.classList.contains('current')).length === 20", "all nodes to be current")
        browser.evaluate("(document.getElementById('node').value = 'ns3.shop.example', document.getElementById('partition').click())")
        browser.wait("document.querySelectorAll('#graph .fault-line.cut').length > 0", "the cut links")
        browser.evaluate("document.getElementById('update').click()")
        wait_status(browser, "ns2.shop.example", "current")
        wait_status(browser, "ns3.shop.example", "behind")
        browser.screenshot(logs() / "page-partition.png")
        browser.evaluate("document.getElementById('heal').click()")
        wait_status(browser, "ns3.shop.example", "current")
        browser.wait("document.querySelectorAll('#graph .fault-line').length === 0", "no bad links")
        zonelab.run("down")
        browser.wait("document.getElementById('live').dataset.state === 'reconnecting'")
        zonelab.run(*words)
        browser.wait("document.getElementById('live').dataset.state === 'live' && document.getElementById('wave-title').textContent === 'No change yet'",
                     "the page to show the new lab")


if __name__ == "__main__":
    run_tests()
