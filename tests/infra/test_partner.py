"""What infra/partner.yaml promises: a partner stays in its repository, and leaves configurations alone."""

import json
import unittest

from iam import allowed
from template import Template
from test_template import no_wildcards, policies

BUCKET = "arn:aws:s3:::landing"
SECURE = {"aws:SecureTransport": "true"}

# action, key, whether it is allowed
CASES = [
    ("s3:PutObject", "imports/acme/shop_contacts_crm_20260131.csv", True),
    ("s3:PutObject", "imports/acme/monday.zip", True),
    ("s3:PutObject", "imports/acme/sub/x.csv", True),
    ("s3:AbortMultipartUpload", "imports/acme/big.csv", True),
    # Configurations, whatever stands for their underscores, and wherever they lie.
    ("s3:PutObject", "imports/acme/shop_imports_config.json", False),
    ("s3:PutObject", "imports/acme/_imports_config.json", False),
    ("s3:PutObject", "imports/acme/shop\u200bimports_config.json", False),
    ("s3:PutObject", "imports/acme/shop_imports\u200bconfig.json", False),
    ("s3:PutObject", "imports/acme/shop\nimports\rconfig.json", False),
    ("s3:PutObject", "imports/acme/sub/shop_imports_config.json", False),
    ("s3:PutObject", "config/acme/shop.json", False),
    # Others, also those whose names begin the same.
    ("s3:PutObject", "imports/acme2/x.csv", False),
    ("s3:PutObject", "imports/acm/x.csv", False),
    ("s3:PutObject", "imports/other/acme/x.csv", False),
    ("s3:PutObject", "imports/ACME/x.csv", False),
    ("s3:PutObject", "imports/x.csv", False),
    ("s3:PutObject", "imports/acme", False),
    # Results are read, and never written or removed; drops are not removed either.
    *[("s3:GetObject", f"{p}/acme/x.csv", True) for p in ("archives", "badlines", "bogus", "logs", "notprocessed")],
    *[("s3:GetObject", f"{p}/acme2/x.csv", False) for p in ("archives", "badlines", "bogus", "logs", "notprocessed")],
    *[("s3:GetObject", f"{p}/acme/x.csv", False) for p in ("config", "unpacked", "imports", "other")],
    *[("s3:PutObject", f"{p}/acme/x.csv", False) for p in ("archives", "badlines", "bogus", "logs", "notprocessed", "unpacked")],
    *[
        (action, f"{p}/acme/x.csv", False)
        for action in ("s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObjectAcl", "s3:PutObjectTagging", "s3:GetObjectVersion")
        for p in ("imports", "archives", "logs")
    ],
]
# prefix of a listing, whether it is allowed
LISTINGS = [
    *[(f"{p}/acme/", True) for p in ("imports", "archives", "badlines", "bogus", "logs", "notprocessed")],
    ("imports/acme/shop", True),
    ("imports/acme", False),
    ("imports/acme2/", False),
    ("imports/", False),
    ("config/acme/", False),
    ("unpacked/acme/", False),
    ("imports/other/acme/", False),
    ("", False),
    (None, False),
]


def partner(**more: str) -> Template:
    given = {
        "BucketName": "landing",
        "Repository": "acme",
        "PartnerAccountId": "444455556666",
        "ExternalId": "0123456789abcdef",
        "TransferServerId": "s-0123456789abcdef0",
        "SftpPublicKey": "ssh-ed25519 AAAA partner",
    }
    return Template("partner.yaml", **given | more)


class PartnerTest(unittest.TestCase):
    def setUp(self):
        self.template = partner()
        resources = self.template.resources
        self.policies = {
            "role": resources["Access"]["Properties"]["PolicyDocument"]["Statement"],
            "session": json.loads(resources["SftpUser"]["Properties"]["Policy"])["Statement"],
        }

    def test_a_partner_stays_in_its_repository(self):
        # Each of the two says so alone: what a session may do is what both allow.
        for name, statements in self.policies.items():
            for action, key, expected in CASES:
                self.assertEqual(allowed(statements, action, f"{BUCKET}/{key}", SECURE), expected, (name, action, key))
            for prefix, expected in LISTINGS:
                context = SECURE if prefix is None else SECURE | {"s3:prefix": prefix}
                self.assertEqual(allowed(statements, "s3:ListBucket", BUCKET, context), expected, (name, prefix))
            for action, key, _ in CASES:
                self.assertFalse(allowed(statements, action, f"arn:aws:s3:::another/{key}", SECURE), (name, key))
            for action in ("s3:ListBucketVersions", "s3:DeleteBucket", "s3:PutBucketPolicy", "s3:PutBucketNotification"):
                self.assertFalse(allowed(statements, action, BUCKET, SECURE | {"s3:prefix": "imports/acme/"}), action)

    def test_no_policy_has_wildcards(self):
        self.assertGreater(no_wildcards(self, self.template), 8)
        self.assertIn("SftpUser.Policy", policies(self.template))

    def test_no_repository_name_is_a_pattern(self):
        for name in ("*", "a*", "a?", "a/b", "", "${aws:username}", ".", "..", "a b"):
            with self.assertRaises(AssertionError, msg=name):
                partner(Repository=name)

    def test_a_session_policy_is_short_enough(self):
        longest = partner(BucketName="b" * 63, Repository="r" * 40)
        self.assertLessEqual(len(longest.resources["SftpUser"]["Properties"]["Policy"]), 2048)

    def test_the_user_sees_its_folders_only(self):
        user = self.template.resources["SftpUser"]["Properties"]
        self.assertEqual(user["HomeDirectoryType"], "LOGICAL")
        for mapping in user["HomeDirectoryMappings"]:
            self.assertEqual(mapping["Target"], f"/landing{mapping['Entry']}/acme")

    def test_who_may_take_the_roles(self):
        [role] = self.template.resources["PartnerRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        self.assertEqual(role["Principal"], {"AWS": "arn:aws:iam::444455556666:root"})
        self.assertEqual(role["Condition"], {"StringEquals": {"sts:ExternalId": "0123456789abcdef"}})
        [sftp] = self.template.resources["SftpRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        self.assertEqual(
            sftp["Condition"]["ArnEquals"]["aws:SourceArn"],
            "arn:aws:transfer:eu-west-1:111122223333:user/s-0123456789abcdef0/partner",
        )

    def test_without_account_and_server_there_is_only_the_policy(self):
        bare = partner(PartnerAccountId="", TransferServerId="")
        self.assertEqual(list(bare.resources), ["Access"])


if __name__ == "__main__":
    unittest.main()
