# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replay recorded XenAPI transcripts against a XenAPI server and report the first mismatch of each. See README.md."""

import argparse
import http.client
import json
import re
import ssl
import sys
import time
import xmlrpc.client
from pathlib import Path
from urllib.parse import urlsplit

HERE = Path(__file__).resolve().parent
NULL = "OpaqueRef:NULL"
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
REF = "OpaqueRef:" + UUID
NAME = re.compile(r"\$\{([\w.]+)\}")
PENDING = ("pending", "cancelling")


class Transport(xmlrpc.client.Transport):
    def __init__(self, timeout):
        super().__init__()
        self.timeout = timeout

    def make_connection(self, host):
        return http.client.HTTPConnection(host, timeout=self.timeout)


class SafeTransport(xmlrpc.client.SafeTransport):
    def __init__(self, timeout):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # the simulator's certificates are made for one run
        super().__init__(context=context)
        self.timeout = timeout

    def make_connection(self, host):
        return http.client.HTTPSConnection(host, timeout=self.timeout, context=self.context)


class Mismatch(Exception):
    pass


class Site:
    """The hosts under test: one lazily opened session per host and raw calls that return an outcome."""

    def __init__(self, urls, user, password, addresses):
        self.urls, self.user, self.password, self.addresses = urls, user, password, addresses
        self.sessions = {}

    def raw(self, host, method, args, timeout=90):
        """Outcome of one call: {"ok": value}, {"error": [code, param...]} or {"transport": text}."""
        url = self.urls[host]
        transport = (SafeTransport if url.startswith("https") else Transport)(timeout)
        try:
            proxy = xmlrpc.client.ServerProxy(url, transport=transport, allow_none=True)
            answer = getattr(proxy, method)(*args)
        except xmlrpc.client.Fault as exc:
            return {"fault": exc.faultString}
        except (OSError, http.client.HTTPException, xmlrpc.client.Error) as exc:
            return {"transport": type(exc).__name__}
        if not isinstance(answer, dict) or "Status" not in answer:
            return {"bare": answer}
        if answer["Status"] == "Success":
            return {"ok": answer.get("Value")}
        return {"error": answer["ErrorDescription"]}

    def login(self, host):
        out = self.raw(
            host, "session.login_with_password", [self.user, self.password, "1.0", "golden"]
        )
        if "ok" in out:
            self.sessions[host] = out["ok"]
        return out

    def call(self, host, method, args, timeout=90):
        if host not in self.sessions:
            out = self.login(host)
            if "ok" not in out:
                return out
        out = self.raw(host, method, [self.sessions[host], *args], timeout)
        if "transport" in out or out.get("error", [""])[0] in ("SESSION_INVALID", "HOST_IS_SLAVE"):
            self.sessions.pop(host, None)
        return out

    def get(self, host, method, *args):
        out = self.call(host, method, args)
        if "ok" not in out:
            raise Mismatch(f"site: {host} {method}: {out}")
        return out["ok"]

    def variables(self):
        """Names every scenario can use: refs, uuids and addresses of the hosts and of what each has."""
        env = {"user": self.user, "password": self.password}
        names = []
        for name in self.urls:
            out = self.login(name)
            if "ok" not in out:
                names.append(name)
                continue
            hosts = self.get(name, "host.get_all_records")
            pool, prec = next(iter(self.get(name, "pool.get_all_records").items()))
            self.describe(env, name, name, prec["master"], hosts[prec["master"]], pool, prec)
            others = {r: h for r, h in hosts.items() if r != prec["master"]}
            for member in self.urls:
                if member == name or not others:
                    continue
                ref = next(
                    (r for r, h in others.items() if h["address"] in self.aliases(member)), None
                )
                if ref is None and len(others) == 1 and len(self.urls) == 2:
                    ref = next(iter(others))
                if ref:
                    self.describe(env, member, name, ref, others[ref], pool, prec)
        return env

    def aliases(self, host):
        parts = urlsplit(self.urls[host])
        return {self.addresses.get(host), parts.hostname, parts.netloc} - {None}

    def describe(self, env, name, via, ref, rec, pool, prec):
        env.update(
            {
                name: ref,
                f"{name}.ref": ref,
                f"{name}.uuid": rec["uuid"],
                f"{name}.name": rec["name_label"],
                f"{name}.addr": self.addresses.get(name) or rec["address"],
                f"{name}.pool": pool,
                f"{name}.pool_uuid": prec["uuid"],
                f"{name}.dom0": rec["control_domain"],
                f"{name}.metrics": rec["metrics"],
            }
        )
        for sr, r in self.get(via, "SR.get_all_records").items():
            on = [p for p in r["PBDs"] if self.get(via, "PBD.get_host", p) == ref]
            if on and not r.get("is_tools_sr"):
                kind = "shared_sr" if r["shared"] else "local_sr"
                env.setdefault(f"{name}.{kind}", sr)
                env.setdefault(f"{name}.{kind}_uuid", r["uuid"])
                env.setdefault(f"{name}.{kind}_pbd", on[0])
        for pif in rec["PIFs"]:
            if self.get(via, "PIF.get_management", pif):
                env[f"{name}.pif"] = pif
                env[f"{name}.net"] = self.get(via, "PIF.get_network", pif)

    TIDY = ("VM", "VDI", "network", "SR", "secret")

    def inventory(self):
        out = {}
        for host in self.urls:
            if "ok" in self.login(host):
                out[host] = {
                    c: set(self.call(host, f"{c}.get_all", []).get("ok") or []) for c in self.TIDY
                }
        return out

    def tidy(self, before):
        """Best-effort removal of what a scenario left behind; its answers are not part of the comparison."""
        for host, old in before.items():
            self.sessions.pop(host, None)
            if "ok" not in self.login(host):
                continue
            for ref in self.call(host, "host.get_all", []).get("ok") or []:
                self.call(host, "host.enable", [ref])
            new = {
                c: [
                    r
                    for r in self.call(host, f"{c}.get_all", []).get("ok") or []
                    if r not in old[c]
                ]
                for c in self.TIDY
            }
            for ref in new["VM"]:
                for method in (
                    "VM.set_blocked_operations",
                    "VM.hard_shutdown",
                    "VM.set_is_a_template",
                    "VM.destroy",
                ):
                    extra = {
                        "VM.set_blocked_operations": [{}],
                        "VM.set_is_a_template": [False],
                    }.get(method, [])
                    self.call(host, method, [ref, *extra])
            for ref in new["VDI"]:
                self.call(host, "VDI.destroy", [ref])
            for ref in new["SR"]:
                for pbd in self.call(host, "SR.get_PBDs", [ref]).get("ok") or []:
                    self.call(host, "PBD.unplug", [pbd])
                self.call(host, "SR.forget", [ref])
            for cls in ("network", "secret"):
                for ref in new[cls]:
                    self.call(host, f"{cls}.destroy", [ref])


def expand(value, env, defaults):
    """Arguments of a call: "$name" and "${name}" replaced, {"$default": class, ...} completed from defaults.json."""
    if isinstance(value, str):
        if re.fullmatch(r"\$[\w.]+", value) and value[1:] in env:
            return env[value[1:]]
        return NAME.sub(lambda m: str(env[m[1]]), value)
    if isinstance(value, list):
        return [expand(v, env, defaults) for v in value]
    if isinstance(value, dict):
        base = dict(defaults[value["$default"]]) if "$default" in value else {}
        base.update({k: v for k, v in value.items() if k != "$default"})
        return {expand(k, env, defaults): expand(v, env, defaults) for k, v in base.items()}
    return value


def kind(value):
    if value is None:
        return "nil"
    names = {bool: "bool", int: "int", float: "double", str: "str", list: "list", dict: "map"}
    return names.get(type(value), "datetime")


def fail(path, want, got):
    raise Mismatch(
        f"at {path or '.'}: expected {json.dumps(want)[:300]}, got {json.dumps(got, default=str)[:300]}"
    )


def match(want, got, env, path="", ignore=()):
    """Raise Mismatch unless got has the shape of the pattern want (README.md, "Patterns")."""
    if (
        isinstance(want, dict)
        and len(want) >= 1
        and next(iter(want)).startswith("$")
        and next(iter(want))[1:] in OPERATORS
    ):
        op = next(iter(want))
        return OPERATORS[op[1:]](want[op], got, env, path, ignore)
    if isinstance(want, dict):
        want = {expand(k, env, {}): v for k, v in want.items()}
        if kind(got) != "map" or set(want) != set(got):
            fail(path, want, got)
        for key, pattern in want.items():
            match(pattern, got[key], env, f"{path}.{key}", ignore)
        return None
    if isinstance(want, list):
        if kind(got) != "list" or len(want) != len(got):
            fail(path, want, got)
        for i, pattern in enumerate(want):
            match(pattern, got[i], env, f"{path}[{i}]", ignore)
        return None
    plain = expand(want, env, {})
    if kind(plain) != kind(got) or plain != got:
        fail(path, want if plain == want else f"{want} = {plain}", got)
    return None


def fits(want, got, env, ignore):
    try:
        match(want, got, env, "", ignore)
    except Mismatch:
        return False
    return True


def op_regex(pattern):
    def check(arg, got, env, path, _ignore):
        if not isinstance(got, str) or not re.fullmatch(pattern, got):
            fail(path, {"pattern": pattern}, got)

    return check


def op_type(arg, got, env, path, _ignore):
    ok = (
        isinstance(got, str) and re.fullmatch(r"-?\d+", got)
        if arg == "intstr"
        else kind(got) == arg
    )
    if not ok:
        fail(path, {"$type": arg}, got)


def op_re(arg, got, env, path, _ignore):
    if not isinstance(got, str) or not re.fullmatch(
        NAME.sub(lambda m: re.escape(env[m[1]]), arg), got, re.S
    ):
        fail(path, {"$re": arg}, got)


def op_record(arg, got, env, path, ignore):
    if kind(got) != "map":
        fail(path, {"$record": arg}, got)
    for name, pattern in arg.items():
        key = expand(name, env, {})
        if key not in got:
            raise Mismatch(f"at {path}: no key {key}")
        match(pattern, got[key], env, f"{path}.{key}", ignore)


def op_set(arg, got, env, path, ignore):
    """Unordered equality, one to one."""
    if kind(got) != "list":
        fail(path, {"$set": arg}, got)
    unmatched = [g for g in got if not (isinstance(g, str) and g in ignore)]
    arg = [a for a in arg if not (isinstance(a, str) and a in ignore)]
    missing = []
    for pattern in arg:
        hit = next((g for g in unmatched if fits(pattern, g, env, ignore)), None)
        if hit is None:
            missing.append(pattern)
        else:
            unmatched.remove(hit)
    if missing or unmatched:
        raise Mismatch(
            f"at {path or '.'}: set differs: missing {json.dumps(missing)[:400]}, "
            f"unexpected {json.dumps(unmatched, default=str)[:400]}"
        )


def op_has(arg, got, env, path, ignore):
    for pattern in arg:
        if kind(got) != "list" or not any(fits(pattern, g, env, ignore) for g in got):
            fail(path, {"$has": [pattern]}, got)


def op_lacks(arg, got, env, path, ignore):
    for pattern in arg:
        if kind(got) not in ("list", "map") or any(fits(pattern, g, env, ignore) for g in got):
            fail(path, {"$lacks": [pattern]}, got)


def op_len(arg, got, env, path, _ignore):
    if kind(got) not in ("list", "map", "str") or len(got) != arg:
        fail(path, {"$len": arg}, got)


def op_values(arg, got, env, path, ignore):
    match(arg, list(got.values()) if kind(got) == "map" else got, env, path + ".*", ignore)


def op_one_of(arg, got, env, path, ignore):
    if not any(fits(pattern, got, env, ignore) for pattern in arg):
        fail(path, {"$one_of": arg}, got)


def op_code(arg, got, env, path, _ignore):
    if kind(got) != "list" or not got or got[0] != arg:
        fail(path, {"$code": arg}, got)


def op_not(arg, got, env, path, ignore):
    if fits(arg, got, env, ignore):
        fail(path, {"$not": arg}, got)


OPERATORS = {
    "any": lambda *a: None,
    "ref": op_regex(REF),
    "uuid": op_regex(UUID),
    "type": op_type,
    "re": op_re,
    "record": op_record,
    "set": op_set,
    "has": op_has,
    "lacks": op_lacks,
    "len": op_len,
    "values": op_values,
    "one_of": op_one_of,
    "not": op_not,
    "code": op_code,
}


def path_of(value, path):
    for part in path.split(".") if path else []:
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value


class Runner:
    def __init__(self, site, defaults, ignore=(), slack=1.0, strict=False):
        self.site, self.defaults, self.ignore, self.slack, self.strict = (
            site,
            defaults,
            set(ignore),
            slack,
            strict,
        )

    def outcome(self, step, env):
        args = expand(step.get("args", []), env, self.defaults)
        method = step.get("call") or "Async." + step["async"]
        timeout = step.get("max_s", 60) * self.slack + 30
        if "session" in step:
            who = step["session"]
            return self.site.raw(
                step["on"],
                method,
                args if who == "none" else [expand(who, env, {}), *args],
                timeout,
            )
        return self.site.call(step["on"], method, args, timeout)

    def step(self, step, env):
        """Run one step, bind what it binds and compare; returns the outcome."""
        if "sleep" in step:
            return time.sleep(step["sleep"])
        if "tasks" in step:
            out = self.tasks(step, env)
        elif "until" in step:
            out = self.wait(step, env)
        else:
            if step.get("relogin"):
                self.site.sessions.pop(step["on"], None)
            began = time.monotonic()
            out = self.outcome(step, env)
            took = time.monotonic() - began
            low, high = step.get("took", (0, 1e9))
            if not low <= took <= high * self.slack:
                raise Mismatch(f"took {took:.2f} s, expected {low} to {high}")
        bind = step.get("bind", {})
        for name, path in ({bind: ""} if isinstance(bind, str) else bind).items():
            if "ok" not in out:
                raise Mismatch(f"cannot bind ${name}: {json.dumps(out, default=str)[:300]}")
            env[name] = path_of(out["ok"], path)
        if "expect" in step:
            match(step["expect"], out, env, "", self.ignore)
        return out

    def wait(self, step, env):
        end = time.monotonic() + step.get("max_s", 60) * self.slack
        while True:
            out = self.outcome(step, env)
            if out.get("error", [""])[0] == "SESSION_INVALID" and "session" not in step:
                out = self.outcome(step, env)
            if fits(step["until"], out, env, self.ignore):
                return out
            if time.monotonic() > end:
                raise Mismatch(
                    f"not within {step.get('max_s', 60)} s: {json.dumps(step['until'])[:200]}; "
                    f"last {json.dumps(out, default=str)[:300]}"
                )
            time.sleep(step.get("every_s", 0.25))

    def tasks(self, step, env):
        """Wait for tasks to finish; the outcome lists [status, error_info or result] in their order."""
        done = []
        end = time.monotonic() + step.get("max_s", 60) * self.slack
        for ref in expand(step["tasks"], env, {}):
            while True:
                rec = self.site.call(step["on"], "task.get_record", [ref])
                if "ok" not in rec:
                    done.append(["gone", rec.get("error", rec)])
                    break
                rec = rec["ok"]
                if rec["status"] not in PENDING:
                    done.append(
                        [
                            rec["status"],
                            rec["error_info"] if rec["status"] == "failure" else rec["result"],
                        ]
                    )
                    break
                if time.monotonic() > end:
                    done.append([rec["status"], []])
                    break
                time.sleep(0.2)
        return {"ok": done}

    def run(self, scenario):
        """(steps matched, first mismatch or None)."""
        env = self.site.variables()
        missing = [h for h in scenario["hosts"] if f"{h}.ref" not in env]
        if missing:
            return 0, f"site has no host {missing}"
        before = self.site.inventory() if scenario["leaves"] == "as-found" else None
        good, problem = 0, None
        try:
            for i, step in enumerate(scenario["steps"], 1):
                try:
                    self.step(step, env)
                    good += 1
                except (Mismatch, KeyError, IndexError, TypeError) as exc:
                    if step.get("quirk") and not self.strict:
                        good += 1
                        continue
                    text = exc if isinstance(exc, Mismatch) else repr(exc)
                    problem = (
                        problem or f"step {i} {step.get('call') or step.get('async') or ''}: {text}"
                    )
                    if step.get("vital") or "bind" in step or not isinstance(exc, Mismatch):
                        break
        finally:
            if before is not None:
                self.site.tidy(before)
        return good, problem


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("scenarios", nargs="*", type=Path)
    ap.add_argument("--host", action="append", default=[], metavar="A=URL")
    ap.add_argument(
        "--address",
        action="append",
        default=[],
        metavar="A=ADDR",
        help="management address, where it differs from host.address",
    )
    ap.add_argument("--user", default="root")
    ap.add_argument("--password", default="")
    ap.add_argument("--needs", help="only scenarios with this need")
    ap.add_argument(
        "--ignore",
        default="",
        help="comma list of operation names left out of set comparisons (older releases lack some)",
    )
    ap.add_argument("--slack", type=float, default=1.0, help="factor on every time limit")
    ap.add_argument("--strict", action="store_true", help="compare the steps marked as quirks too")
    ap.add_argument("--list", action="store_true")
    opt = ap.parse_args()
    files = sorted(opt.scenarios or (HERE / "scenarios").glob("*.json"))
    chosen = [(f, json.loads(f.read_text())) for f in files]
    chosen = [(f, s) for f, s in chosen if opt.needs in (None, s["needs"])]
    if opt.list:
        for _f, s in chosen:
            print(
                f"{s['name']:34} {s['needs']:18} leaves {s['leaves']:9} {len(s['steps']):3} steps  {s['title']}"
            )
        print(f"{len(chosen)} scenarios, {sum(len(s['steps']) for _f, s in chosen)} steps")
        return 0
    pairs = [dict(p.split("=", 1) for p in group) for group in (opt.host, opt.address)]
    site = Site(pairs[0], opt.user, opt.password, pairs[1])
    runner = Runner(
        site,
        json.loads((HERE / "defaults.json").read_text()),
        filter(None, opt.ignore.split(",")),
        opt.slack,
        opt.strict,
    )
    whole = steps = total = 0
    for _path, scenario in chosen:
        try:
            good, problem = runner.run(scenario)
        except Mismatch as exc:
            good, problem = 0, str(exc)
        total += len(scenario["steps"])
        steps += good
        whole += problem is None
        print(
            f"{'ok  ' if problem is None else 'DIFF'} {scenario['name']} {good}/{len(scenario['steps'])}"
            + (f"\n     {problem}" if problem else ""),
            flush=True,
        )
    print(f"{whole} of {len(chosen)} scenarios match, {steps} of {total} steps")
    return 0 if whole == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
