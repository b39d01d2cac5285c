"""Sends webhooks that the `standardwebhooks` package signs, and prints what each is answered as a line of JSON.

usage: standardwebhooks_client.py URL SECRET COUNT
"""

import datetime
import json
import sys
import urllib.error
import urllib.request

from standardwebhooks.webhooks import Webhook

URL, SECRET, COUNT = sys.argv[1], sys.argv[2], int(sys.argv[3])
OTHER = "whsec_" + "QUJD" * 8


def send(message, body, secret=SECRET, ago=0, sent=None):
    at = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=ago)
    headers = {
        "webhook-id": message,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(message, at, body),
        "content-type": "application/json",
    }
    request = urllib.request.Request(URL, (sent or body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code


def body(member):
    return json.dumps({"type": "member.updated", "data": {"id": member, "name": "Áine Ní Bhriain"}}, ensure_ascii=False)


good = [send(f"msg_{n}", body(f"F-{n}")) for n in range(COUNT)]
print(json.dumps({
    "good": good,
    "again": send("msg_0", body("F-0")),
    "altered": send("msg_altered", body("F-1"), sent=body("F-2")),
    "other_secret": send("msg_other", body("F-1"), secret=OTHER),
    "stale": send("msg_stale", body("F-1"), ago=310),
    "early": send("msg_early", body("F-1"), ago=-400),
    "nearly_stale": send("msg_nearly", body("F-1"), ago=200),
}))
