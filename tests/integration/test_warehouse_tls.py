"""Who the warehouse is: a server over TCP must prove it, unless somebody says otherwise in so many words.

covers: worker/pg
"""

import os
import unittest

from tests.integration.test_warehouse import CONTRACT, table
from tests.lake import Lake
from tests.postgres import Authority, Cluster, Secure


class Proof(unittest.TestCase):
    def setUp(self):
        self.cluster = Cluster()
        self.addCleanup(self.cluster.close)
        self.database = "tls"
        self.cluster.database(self.database)
        self.secure = Secure(self.cluster)
        self.trusted = self.secure.authority.certificate

    def refused(self, lake, url, said, advice):
        done = lake.run("--warehouse", url, check=[3])
        why = lake.query("SELECT error_message FROM file")[0][0]
        self.assertIn("cannot connect to the warehouse", why)
        self.assertRegex(why, said)
        self.assertIn(advice, lake.query("SELECT message FROM incident WHERE closed_at IS NULL")[0][0])
        self.assertIn(advice, done.stderr)

    def test_it_must_prove_who_it_is(self):
        stranger = Authority(self.cluster.path, "stranger").certificate
        secure, trusted = self.secure, self.trusted
        with Lake({"sales.yaml": CONTRACT}) as lake:
            lake.put("raw/sales/a.csv", table())
            url = secure.url(self.database)
            home = os.environ.get("HOME")
            os.environ["HOME"] = str(lake.path)  # no root.crt of whoever runs this
            try:
                self.refused(lake, url, "root certificate file .* does not exist", "sslrootcert names whom to trust")
                self.refused(lake, secure.url(self.database, sslrootcert=stranger), "certificate verify failed",
                             "does not name who signed its certificate")
                self.refused(lake, secure.url(self.database, host="warehouse.test", sslrootcert=trusted),
                             'certificate for "localhost" does not match host name "warehouse.test"', "connect by that one")
                secure.use(*secure.authority.sign("localhost", last="20210101000000Z"))
                secure.restart()
                self.refused(lake, secure.url(self.database, sslrootcert=trusted), "certificate verify failed", "or that has expired")
                secure.configure(ssl="off")
                secure.restart()
                self.refused(lake, secure.url(self.database, sslrootcert=trusted), "does not support SSL", "sslmode=disable")
                # said in so many words
                lake.run("--warehouse", secure.url(self.database, sslmode="disable"), check=[0])
                # the right one, which the environment may name as well
                secure.use(*secure.authority.sign("localhost"))
                secure.restart()
                lake.put("raw/sales/b.csv", table(1000, 5, 0))
                os.environ["PGSSLROOTCERT"] = str(trusted)
                lake.run("--warehouse", url, check=[0])
                self.assertEqual(lake.query("SELECT DISTINCT state FROM file"), [("SUCCEEDED",)])
                self.assertEqual(lake.query("SELECT count(*) FROM incident WHERE closed_at IS NULL"), [(0,)])
            finally:
                os.environ.pop("PGSSLROOTCERT", None)
                if home:
                    os.environ["HOME"] = home
            done = lake.run("--json", "--warehouse", secure.url(self.database, sslrootcert=trusted), command="fsck", check=[0])
            self.assertIn('"balanced":true', done.stdout)


if __name__ == "__main__":
    unittest.main()
