# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unplugs an SR on one host, as an administrator would: URL SR HOST."""

from __future__ import annotations

import sys

import XenAPI


def main() -> None:
    url, storage, host = sys.argv[1:4]
    session = XenAPI.Session(url)
    session.xenapi.login_with_password("root", "secret")
    (sr,) = session.xenapi.SR.get_by_name_label(storage)
    (owner,) = session.xenapi.host.get_by_name_label(host)
    for pbd in session.xenapi.SR.get_PBDs(sr):
        if session.xenapi.PBD.get_host(pbd) == owner:
            session.xenapi.PBD.unplug(pbd)
    session.xenapi.session.logout()


if __name__ == "__main__":
    main()
