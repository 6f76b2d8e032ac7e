"""A DHT node of libtorrent: libtorrent_dht.py PORT NODE_PORT..."""
import sys
import time

import libtorrent as lt

SETTINGS = {
    "listen_interfaces": "127.0.0.1:" + sys.argv[1],
    "enable_dht": True,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    "dht_bootstrap_nodes": "",
    "dht_restrict_routing_ips": False,
    "dht_restrict_search_ips": False,
    "dht_ignore_dark_internet": False,
    "dht_enforce_node_id": False,
    "dht_prefer_verified_node_ids": False,
    # Larger ones overflow inside of it, and then it answers nobody.
    "dht_upload_rate_limit": 500_000_000,
    "dht_block_ratelimit": 100_000_000,
    "alert_mask": 0,
}
known = lt.default_settings()
session = lt.session({key: value for key, value in SETTINGS.items() if key in known})
for port in sys.argv[2:]:
    session.add_dht_node(("127.0.0.1", int(port)))
print("READY", flush=True)
while True:
    time.sleep(3600)
