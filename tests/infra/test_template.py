"""What infra/template.yaml promises, in every environment."""

import json
import re
import unittest

from iam import allowed, listed
from template import INFRA, PSEUDO, Template, parameters_of

OUTPUTS = ("archives", "badlines", "bogus", "logs", "notprocessed", "unpacked", "fetched", "config")
FUNCTIONS = ("Unpack", "Sequence", "Validate", "Report")
# Where a file may be put: by prefix, by function.
WRITES = {
    "Unpack": {"unpacked", "config", "archives", "bogus", "logs", "notprocessed"},
    "Sequence": {"archives", "bogus", "logs", "notprocessed"},
    "Validate": {"archives", "badlines", "bogus", "logs", "notprocessed"},
    "Report": set(),
}
SENDS = {
    "Unpack": {"Unpack", "Sequence", "Report"},
    "Sequence": {"Unpack", "Sequence", "Validate", "Report"},
    "Validate": {"Unpack", "Sequence", "Validate", "Report"},
    "Report": set(),
}
# Records in PostgreSQL, in a VPC that has no endpoints yet.
LOGIN = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:rds!db-1f-a1B2c3"
IN_POSTGRES = {
    "RecordsEngine": "postgres",
    "PostgresSecretArn": LOGIN,
    "PostgresSecretKmsKeyArn": "arn:aws:kms:eu-west-1:111122223333:key/1-3",
    "PostgresPlace": "records.example.eu-west-1.rds.amazonaws.com:5432/records",
    "PostgresCertificates": "trust/eu-west-1-bundle.pem",
    "SubnetIds": "subnet-a1,subnet-b2",
    "SecurityGroupIds": "sg-1",
    "EndpointVpcId": "vpc-0a",
    "EndpointRouteTableIds": "rtb-1,rtb-2",
}
# Connections to databases in this VPC, with records in DynamoDB.
CONNECTIONS = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:tidewaiter/connections-a1B2c3"
PASSWORDS = [f"arn:aws:secretsmanager:eu-west-1:111122223333:secret:{name}" for name in ("shop-a1B2c3", "rds!db-2f-a1B2c3")]
WITH_QUERIES = {
    "ConnectionsSecretArn": CONNECTIONS,
    "ConnectionPasswordSecretArns": ",".join(PASSWORDS),
    "ConnectionsKmsKeyArn": "arn:aws:kms:eu-west-1:111122223333:key/1-4",
    "SubnetIds": "subnet-a1,subnet-b2",
    "SecurityGroupIds": "sg-1",
    "EndpointVpcId": "vpc-0a",
    "EndpointRouteTableIds": "rtb-1,rtb-2",
}
# What Lambda does with the role of a function in a VPC, as AWSLambdaVPCAccessExecutionRole has it.
OF_NETWORKS = {
    f"ec2:{action}"
    for action in (
        "CreateNetworkInterface",
        "DescribeNetworkInterfaces",
        "DescribeSubnets",
        "DeleteNetworkInterface",
        "AssignPrivateIpAddresses",
        "UnassignPrivateIpAddresses",
    )
}


def functions(template: Template) -> tuple:
    """The functions that a stack has."""
    return (*FUNCTIONS, "Fetch") if "Fetch" in template.resources else FUNCTIONS


def policies(template: Template) -> dict[str, list]:
    """The statements of every policy in the template, by where they are."""
    found = {}

    def look(path, value):
        if isinstance(value, dict):
            if "Statement" in value:
                found[path] = value["Statement"]
            for key, inner in value.items():
                look(f"{path}.{key}", inner)
        elif isinstance(value, list):
            for place, inner in enumerate(value):
                look(f"{path}[{place}]", inner)
        elif isinstance(value, str) and '"Statement"' in value:
            look(path, json.loads(value))

    for key, resource in template.resources.items():
        look(key, resource["Properties"])
    return found


def no_wildcards(case: unittest.TestCase, template: Template):
    """No `*` in an Allow, but behind a prefix of keys and for the streams of one log group."""
    seen = 0
    for path, statements in policies(template).items():
        for statement in statements:
            where = f"{path} {statement.get('Sid', '')}"
            case.assertNotIn("NotAction", statement, where)
            case.assertNotIn("NotResource", statement, where)
            case.assertNotIn("NotPrincipal", statement, where)
            if statement["Effect"] == "Deny":
                continue
            seen += 1
            case.assertNotIn("*", json.dumps(statement.get("Principal", "")), where)
            for action in listed(statement["Action"]):
                case.assertRegex(action, r"^[a-z0-9]+:[A-Za-z0-9]+$", where)
            if set(listed(statement["Action"])) == OF_NETWORKS:
                # Most of these actions know no resource. A Deny keeps them from the function itself.
                case.assertTrue(path.startswith(("ValidateRole.", "FetchRole.")), where)
                case.assertEqual(statement["Resource"], "*", where)
                continue
            for resource in listed(statement.get("Resource", [])):
                keys = r"arn:aws:s3:::[a-z0-9-]+/[a-z]+/([A-Za-z0-9._-]+/)?\*(\.json)?"
                streams = r"arn:aws:logs:[^*?]+:log-group:[^*?]+:\*"
                plain = r"[^*?]+"
                case.assertRegex(resource, rf"^({keys}|{streams}|{plain})$", where)
    return seen


class TemplateTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.templates = [Template("template.yaml", **parameters_of(e)) for e in ("dev", "prod")]
        topic = "arn:aws:sns:eu-west-1:111122223333:own"
        cls.templates.append(Template("template.yaml", CreateSenderIdentity="yes", AlarmTopicArn=topic))
        cls.postgres = Template("template.yaml", **IN_POSTGRES)
        cls.templates.append(cls.postgres)
        cls.queries = Template("template.yaml", **WITH_QUERIES)
        cls.templates.append(cls.queries)
        cls.template = cls.templates[0]

    def statements(self, function, template=None):
        role = (template or self.template).resources[f"{function}Role"]["Properties"]
        [policy] = role["Policies"]
        self.assertNotIn("ManagedPolicyArns", role)
        return policy["PolicyDocument"]["Statement"]

    def test_no_policy_has_wildcards(self):
        for template in self.templates:
            self.assertGreater(no_wildcards(self, template), 30)

    def test_services_act_for_this_account_only(self):
        for template in self.templates:
            for path, statements in policies(template).items():
                for s in statements:
                    if s["Effect"] == "Allow" and "Service" in s.get("Principal", {}):
                        account = s["Condition"]["StringEquals"]["aws:SourceAccount"]
                        self.assertEqual(account, PSEUDO["AWS::AccountId"], path)
                        if "AssumeRolePolicyDocument" not in path:
                            self.assertTrue({"ArnEquals", "ArnLike"} & set(s["Condition"]), path)

    def test_only_this_bucket_sends_to_the_queue_of_drops(self):
        statements = self.template.resources["UnpackQueuePolicy"]["Properties"]["PolicyDocument"]["Statement"]
        queue, bucket = self.template.arn("UnpackQueue"), self.template.arn("Bucket")
        ours = {"aws:SourceArn": bucket, "aws:SourceAccount": "111122223333", "aws:SecureTransport": "true"}
        for changed, expected in [
            ({}, True),
            ({"aws:SourceArn": bucket + "-2"}, False),
            ({"aws:SourceAccount": "999999999999"}, False),
            ({"aws:SecureTransport": "false"}, False),
        ]:
            self.assertEqual(allowed(statements, "sqs:SendMessage", queue, ours | changed), expected, changed)
        named = Template("template.yaml", BucketName="of-our-own")
        [allow] = [s for s in named.resources["UnpackQueuePolicy"]["Properties"]["PolicyDocument"]["Statement"] if s["Effect"] == "Allow"]
        self.assertEqual(allow["Condition"]["ArnEquals"]["aws:SourceArn"], "arn:aws:s3:::of-our-own")

    def test_queues_have_dead_letters_and_hide_messages_long_enough(self):
        for template in self.templates:
            queues = template.of_type("AWS::SQS::Queue")
            self.assertEqual(len(queues), 2 * len(functions(template)))
            for function in functions(template):
                queue, dead = queues[f"{function}Queue"], queues[f"{function}DeadLetters"]
                target = queue["RedrivePolicy"]["deadLetterTargetArn"]
                self.assertEqual(target, template.arn(f"{function}DeadLetters"))
                self.assertGreaterEqual(int(queue["RedrivePolicy"]["maxReceiveCount"]), 5)
                self.assertEqual(dead["RedriveAllowPolicy"]["sourceQueueArns"], [template.arn(f"{function}Queue")])
                timeout = int(template.resources[function]["Properties"]["Timeout"])
                self.assertGreater(int(queue["VisibilityTimeout"]), 6 * timeout, function)
                # The clock of a dead letter runs from when it was first sent.
                self.assertGreater(dead["MessageRetentionPeriod"], int(queue["MessageRetentionPeriod"]))
                self.assertGreaterEqual(int(queue["MessageRetentionPeriod"]), 4 * 86400)

    def test_everything_is_encrypted_at_rest(self):
        for template in self.templates:
            for name, queue in template.of_type("AWS::SQS::Queue").items():
                self.assertTrue(queue["SqsManagedSseEnabled"], name)
            tables = template.of_type("AWS::DynamoDB::Table")
            self.assertEqual(set(tables), {"StateTable", "RecordsTable"})
            for name, table in tables.items():
                self.assertTrue(table["SSESpecification"]["SSEEnabled"], name)
                self.assertTrue(table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], name)
                self.assertEqual(table["BillingMode"], "PAY_PER_REQUEST", name)
                self.assertEqual(table["TimeToLiveSpecification"], {"AttributeName": "expires", "Enabled": True})
                self.assertEqual([k["AttributeName"] for k in table["KeySchema"]], ["pk", "sk"])
            [rule] = self.bucket(template)["BucketEncryption"]["ServerSideEncryptionConfiguration"]
            self.assertEqual(rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"], "AES256")

    def test_everything_is_encrypted_in_transit(self):
        for template in self.templates:
            guarded = {}
            for path, statements in policies(template).items():
                for s in statements:
                    if s["Effect"] == "Deny" and s.get("Principal") == "*" and s.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}:
                        for resource in listed(s["Resource"]):
                            guarded[resource] = listed(s["Action"])
            for name in template.of_type("AWS::SQS::Queue"):
                self.assertEqual(guarded[template.arn(name)], ["sqs:*"])
                [of] = [p["Queues"] for p in template.of_type("AWS::SQS::QueuePolicy").values() if f"ref:{name}" in p["Queues"]]
                self.assertEqual(of, [f"ref:{name}"])
            bucket = template.arn("Bucket")
            self.assertEqual(guarded[bucket], ["s3:*"])
            self.assertEqual(guarded[f"{bucket}/*"], ["s3:*"])
            for settings in template.of_type("AWS::SES::ConfigurationSet").values():
                self.assertEqual(settings["DeliveryOptions"]["TlsPolicy"], "REQUIRE")

    def bucket(self, template):
        return template.resources["Bucket"]["Properties"]

    def test_the_bucket_is_private_and_forgets_nothing_too_soon(self):
        for template in self.templates:
            bucket = self.bucket(template)
            self.assertEqual(bucket["VersioningConfiguration"]["Status"], "Enabled")
            self.assertEqual(set(bucket["PublicAccessBlockConfiguration"].values()), {True})
            self.assertEqual(len(bucket["PublicAccessBlockConfiguration"]), 4)
            self.assertEqual(bucket["OwnershipControls"]["Rules"], [{"ObjectOwnership": "BucketOwnerEnforced"}])
            waits = int(template.parameters["WaitingGroupAlarmSeconds"]) / 86400
            for rule in bucket["LifecycleConfiguration"]["Rules"]:
                # Current objects go from unpacked/ and fetched/ only. An alarm tells long before what a group needs is gone.
                if "ExpirationInDays" in rule:
                    self.assertIn(rule["Prefix"], ("unpacked/", "fetched/"))
                    self.assertGreater(int(rule["ExpirationInDays"]), 2 * waits)
                if "NoncurrentVersionExpiration" in rule:
                    self.assertGreater(int(rule["NoncurrentVersionExpiration"]["NoncurrentDays"]), 2 * waits)
            for key in ("Bucket", "StateTable", "RecordsTable"):
                self.assertEqual(template.resources[key]["DeletionPolicy"], "RetainExceptOnCreate")
                self.assertEqual(template.resources[key]["UpdateReplacePolicy"], "Retain")
        production = Template("template.yaml", **parameters_of("prod"))
        for table in production.of_type("AWS::DynamoDB::Table").values():
            self.assertEqual(table["DeletionProtectionEnabled"], "true")

    def test_imports_fire_and_nothing_else(self):
        for template in self.templates:
            notifications = self.bucket(template)["NotificationConfiguration"]
            self.assertEqual(list(notifications), ["QueueConfigurations"])
            [one] = notifications["QueueConfigurations"]
            self.assertEqual(one["Event"], "s3:ObjectCreated:*")
            self.assertEqual(one["Queue"], template.arn("UnpackQueue"))
            self.assertEqual(one["Filter"]["S3Key"]["Rules"], [{"Name": "prefix", "Value": "imports/"}])
            self.assertFalse(any(output.startswith("imports") for output in OUTPUTS))

    def test_no_function_writes_where_events_fire(self):
        bucket = self.template.arn("Bucket")
        writing = ("s3:PutObject", "s3:PutObjectTagging", "s3:RestoreObject", "s3:ReplicateObject", "s3:PutObjectAcl")
        for function in FUNCTIONS:
            statements = self.statements(function)
            for action in writing:
                for key in ("imports/acme/x.csv", "imports/x", "imports/", "x", "other/acme/x", "import"):
                    self.assertFalse(allowed(statements, action, f"{bucket}/{key}"), (function, action, key))
                self.assertFalse(allowed(statements, action, "arn:aws:s3:::another/archives/acme/x"))
            written = {o for o in OUTPUTS if allowed(statements, "s3:PutObject", f"{bucket}/{o}/acme/x")}
            self.assertEqual(written, WRITES[function], function)
            # No function changes what fires, or who may write.
            for action in ("s3:PutBucketNotification", "s3:PutBucketPolicy", "s3:PutLifecycleConfiguration", "s3:DeleteBucket"):
                self.assertFalse(allowed(statements, action, bucket), (function, action))

    def test_what_is_deleted_is_what_was_moved(self):
        bucket = self.template.arn("Bucket")
        for function in FUNCTIONS:
            for action, prefixes in (("s3:DeleteObject", {"unpacked", "fetched"}), ("s3:DeleteObjectVersion", {"imports"})):
                found = {p for p in ("imports", *OUTPUTS) if allowed(self.statements(function), action, f"{bucket}/{p}/acme/x")}
                self.assertEqual(found, set() if function == "Report" else prefixes, (function, action))
            # Of the reports that several tries wrote, one stays; no log is removed, whatever its file is called.
            removed = [
                key for key in ("x.csv.json", "x.csv.log", "x.json.log", "x.csv")
                if allowed(self.statements(function), "s3:DeleteObject", f"{bucket}/logs/acme/{key}")
            ]
            self.assertEqual(removed, [] if function == "Report" else ["x.csv.json"], function)

    def test_each_function_reaches_what_it_needs(self):
        t = self.template
        for function in FUNCTIONS:
            may = lambda action, arn, **context: allowed(self.statements(function), action, arn, context)
            self.assertEqual({f for f in FUNCTIONS if may("sqs:SendMessage", t.arn(f"{f}Queue"))}, SENDS[function])
            for other in FUNCTIONS:
                for action in ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"):
                    self.assertEqual(may(action, t.arn(f"{other}Queue")), other == function, (function, other, action))
                self.assertEqual(may("logs:PutLogEvents", t.arn(f"{other}Logs")[:-1] + "log-stream:x"), other == function)
            for action in ("GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem", "BatchGetItem"):
                self.assertTrue(may(f"dynamodb:{action}", t.arn("StateTable")), (function, action))
                self.assertEqual(may(f"dynamodb:{action}", t.arn("RecordsTable")), function == "Validate")
            for action in ("dynamodb:Scan", "dynamodb:DeleteTable", "dynamodb:UpdateTable"):
                for table in ("StateTable", "RecordsTable"):
                    self.assertFalse(may(action, t.arn(table)), (function, action))
            self.assertTrue(may("s3:ListBucket", t.arn("Bucket")), function)
            reads = {p for p in ("imports", *OUTPUTS) if may("s3:GetObject", f"{t.arn('Bucket')}/{p}/acme/x")}
            self.assertTrue(reads == {"config", "logs"} if function == "Report" else reads >= WRITES[function] | {"imports", "unpacked", "config"}, (function, reads))
            identity = f"arn:aws:ses:eu-west-1:111122223333:identity/{t.parameters['SenderIdentity']}"
            sender = {"ses:FromAddress": t.parameters["SenderAddress"]}
            self.assertEqual(may("ses:SendRawEmail", identity, **sender), function == "Report")
            self.assertFalse(may("ses:SendRawEmail", identity, **{"ses:FromAddress": "someone@example.org"}))

    def test_unpack_alone_reads_the_decryption_keys_and_no_other_secret(self):
        where = "eu-west-1:111122223333"
        secret, key = f"arn:aws:secretsmanager:{where}:secret:tidewaiter/keys-a1B2c3", f"arn:aws:kms:{where}:key/1-2"
        read, opened = "secretsmanager:GetSecretValue", {
            "kms:ViaService": "secretsmanager.eu-west-1.amazonaws.com",
            "kms:EncryptionContext:SecretARN": secret,
        }
        with_key = Template("template.yaml", DecryptionKeysSecretArn=secret, DecryptionKeysKmsKeyArn=key)
        for template, reads, opens in [
            (self.template, set(), set()),
            (Template("template.yaml", DecryptionKeysSecretArn=secret), {"Unpack"}, set()),
            (with_key, {"Unpack"}, {"Unpack"}),
        ]:
            statements = {function: self.statements(function, template) for function in FUNCTIONS}
            self.assertEqual({f for f in FUNCTIONS if allowed(statements[f], read, secret)}, reads)
            self.assertEqual({f for f in FUNCTIONS if allowed(statements[f], "kms:Decrypt", key, opened)}, opens)
            for function in FUNCTIONS:
                self.assertFalse(allowed(statements[function], read, secret.replace("keys", "other")))
                self.assertFalse(allowed(statements[function], "kms:Decrypt", key, {}), "for what else it protects")
                for action in ("PutSecretValue", "ListSecrets", "DeleteSecret", "UpdateSecret"):
                    self.assertFalse(allowed(statements[function], f"secretsmanager:{action}", secret))
        no_wildcards(self, with_key)
        found = with_key.resources["Unpack"]["Properties"]["Environment"]["Variables"]
        self.assertEqual(found["DECRYPTION_KEYS_SECRET"], secret)
        with self.assertRaises(AssertionError):
            Template("template.yaml", DecryptionKeysSecretArn="tidewaiter/keys")

    def test_validate_alone_reads_the_database_of_locations_and_nothing_writes_it(self):
        named = "locations/GeoLite2-City.mmdb"
        with_database = Template("template.yaml", LocationDatabaseKey=named)
        for template, reads in [(self.template, set()), (with_database, {"Validate"})]:
            database = f"{template.arn('Bucket')}/{named}"
            for function in FUNCTIONS:
                may = self.statements(function, template)
                self.assertEqual(allowed(may, "s3:GetObject", database), function in reads, function)
                self.assertFalse(allowed(may, "s3:GetObject", database.replace("City", "Country")), function)
                for action in ("PutObject", "DeleteObject", "DeleteObjectVersion"):
                    self.assertFalse(allowed(may, f"s3:{action}", database), (function, action))
        no_wildcards(self, with_database)
        found = with_database.resources["Validate"]["Properties"]["Environment"]["Variables"]
        self.assertEqual(found["LOCATION_DATABASE"], named)
        for wrong in ("imports/acme/GeoLite2-City.mmdb", "locations/*", "GeoLite2-City.mmdb"):
            with self.assertRaises(AssertionError):
                Template("template.yaml", LocationDatabaseKey=wrong)

    def test_the_records_table_is_warmed_and_capped_only_if_asked(self):
        def throughput(**parameters):
            table = Template("template.yaml", **parameters).resources["RecordsTable"]["Properties"]
            return table.get("WarmThroughput"), table.get("OnDemandThroughput")

        for environment in ("dev", "prod"):
            self.assertEqual(throughput(**parameters_of(environment)), (None, None))
        warm, cap = {"WriteUnitsPerSecond": "20000"}, {"MaxWriteRequestUnits": "8000"}
        self.assertEqual(throughput(RecordsWarmWriteUnits="20000"), (warm, None))
        self.assertEqual(throughput(RecordsMaxWriteUnits="8000"), (None, cap))
        self.assertEqual(throughput(RecordsWarmWriteUnits="20000", RecordsMaxWriteUnits="8000"), (warm, cap))
        for wrong in ("-1", "1000001"):
            with self.assertRaises(AssertionError):
                throughput(RecordsMaxWriteUnits=wrong)

    def test_validate_alone_reaches_postgres_and_nothing_does_where_records_are_in_dynamodb(self):
        read, key = "secretsmanager:GetSecretValue", IN_POSTGRES["PostgresSecretKmsKeyArn"]
        opened = {"kms:ViaService": "secretsmanager.eu-west-1.amazonaws.com", "kms:EncryptionContext:SecretARN": LOGIN}
        without_engine = Template("template.yaml", **{**IN_POSTGRES, "RecordsEngine": "dynamodb"})
        without_vpc = Template("template.yaml", **{**IN_POSTGRES, "SubnetIds": "", "SecurityGroupIds": ""})
        for template, reaches, joins in [
            (self.template, set(), set()),
            (without_engine, set(), set()),
            (without_vpc, {"Validate"}, set()),
            (self.postgres, {"Validate"}, {"Validate"}),
        ]:
            certificates = f"{template.arn('Bucket')}/{IN_POSTGRES['PostgresCertificates']}"
            statements = {function: self.statements(function, template) for function in FUNCTIONS}
            of = lambda *asked: {f for f in FUNCTIONS if allowed(statements[f], *asked)}
            self.assertEqual(of(read, LOGIN), reaches)
            self.assertEqual(of("kms:Decrypt", key, opened), reaches)
            self.assertEqual(of("s3:GetObject", certificates), reaches)
            self.assertEqual(of(read, LOGIN.replace("db-1f", "db-2f")), set(), "another secret")
            self.assertEqual(of("kms:Decrypt", key), set(), "what else the key protects")
            self.assertEqual(of("s3:GetObject", f"{template.arn('Bucket')}/trust/other.pem"), set())
            for action in ("s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion"):
                self.assertEqual(of(action, certificates), set(), "no function says whom it trusts")
            for action in ("PutSecretValue", "UpdateSecret", "RotateSecret", "ListSecrets"):
                self.assertEqual(of(f"secretsmanager:{action}", LOGIN), set())
            for function in FUNCTIONS:
                has_vpc = "VpcConfig" in template.resources[function]["Properties"]
                self.assertEqual(has_vpc, function in joins, function)
            for action in OF_NETWORKS:
                self.assertEqual(of(action, "*"), joins, action)
                # What Lambda does for the function, the function may not do.
                itself = {"lambda:SourceFunctionArn": "arn:aws:lambda:eu-west-1:111122223333:function:tidewaiter-test-validate"}
                self.assertEqual(of(action, "*", itself), set(), action)
            self.assertEqual(of("ec2:ModifyNetworkInterfaceAttribute", "*"), set())
        network = self.postgres.resources["Validate"]["Properties"]["VpcConfig"]
        self.assertEqual(network, {"SubnetIds": ["subnet-a1", "subnet-b2"], "SecurityGroupIds": ["sg-1"]})
        endpoints = self.postgres.of_type("AWS::EC2::VPCEndpoint").values()
        self.assertEqual({e["ServiceName"] for e in endpoints}, {f"com.amazonaws.eu-west-1.{s}" for s in ("s3", "dynamodb")})
        for endpoint in endpoints:
            self.assertEqual((endpoint["VpcEndpointType"], endpoint["VpcId"]), ("Gateway", "vpc-0a"))
            self.assertEqual(endpoint["RouteTableIds"], ["rtb-1", "rtb-2"])
        for template in (self.template, without_engine, without_vpc):
            self.assertEqual(template.of_type("AWS::EC2::VPCEndpoint"), {})
        found = self.postgres.resources["Validate"]["Properties"]["Environment"]["Variables"]
        self.assertEqual((found["RECORDS_ENGINE"], found["POSTGRES_SECRET"]), ("postgres", LOGIN))
        for name, wrong in [
            ("PostgresSecretArn", "records/login"),
            ("PostgresPlace", "postgresql://db/records"),
            ("PostgresCertificates", "imports/acme/bundle.pem"),
            ("RecordsEngine", "sqlite"),
        ]:
            with self.assertRaises(AssertionError):
                Template("template.yaml", **{**IN_POSTGRES, name: wrong})

    def test_fetch_reads_its_databases_and_writes_what_it_fetched_and_reaches_nothing_else(self):
        t = self.queries
        statements = self.statements("Fetch", t)
        may = lambda action, arn, **context: allowed(statements, action, arn, context)
        bucket, read = t.arn("Bucket"), "secretsmanager:GetSecretValue"
        for name in functions(t):
            self.assertEqual(may("sqs:SendMessage", t.arn(f"{name}Queue")), name == "Sequence", name)
            self.assertEqual(may("sqs:ReceiveMessage", t.arn(f"{name}Queue")), name == "Fetch", name)
            self.assertEqual(may("logs:PutLogEvents", t.arn(f"{name}Logs")[:-1] + "log-stream:x"), name == "Fetch")
            # Who hands a file its outcome tells fetch.
            tells = allowed(self.statements(name, t), "sqs:SendMessage", t.arn("FetchQueue"))
            self.assertEqual(tells, name in ("Unpack", "Sequence", "Validate"), name)
            for secret in (CONNECTIONS, *PASSWORDS):
                self.assertEqual(allowed(self.statements(name, t), read, secret), name == "Fetch", (name, secret))
        self.assertFalse(may(read, CONNECTIONS.replace("connections", "other")))
        actions = ("GetItem", "BatchGetItem", "Query", "Scan", "PutItem", "UpdateItem", "DeleteItem")
        self.assertEqual({a for a in actions if may(f"dynamodb:{a}", t.arn("StateTable"))}, {"GetItem", "PutItem", "DeleteItem"})
        self.assertFalse(any(may(f"dynamodb:{a}", t.arn("RecordsTable")) for a in actions))
        prefixes = ("imports", "trust", *OUTPUTS)
        of = lambda action: {p for p in prefixes if may(action, f"{bucket}/{p}/acme/x")}
        self.assertEqual(of("s3:GetObject"), {"config", "trust"})
        for action in ("s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"):
            self.assertEqual(of(action), {"fetched"}, action)
        self.assertEqual(of("s3:DeleteObjectVersion"), set())
        # What it fetched is read and removed by those that give a file its outcome.
        for name in functions(t):
            reads = allowed(self.statements(name, t), "s3:GetObject", f"{bucket}/fetched/acme/x")
            self.assertEqual(reads, name in ("Unpack", "Sequence", "Validate"), name)
        for secret, opens in [(CONNECTIONS, True), *((p, True) for p in PASSWORDS), (LOGIN, False)]:
            said = {"kms:ViaService": "secretsmanager.eu-west-1.amazonaws.com", "kms:EncryptionContext:SecretARN": secret}
            self.assertEqual(may("kms:Decrypt", WITH_QUERIES["ConnectionsKmsKeyArn"], **said), opens, secret)
        itself = {"lambda:SourceFunctionArn": "arn:aws:lambda:eu-west-1:111122223333:function:tidewaiter-test-fetch"}
        for action in OF_NETWORKS:
            self.assertTrue(may(action, "*"), action)
            self.assertFalse(may(action, "*", **itself), action)
        for name, wrong in [("ConnectionsSecretArn", "connections"), ("ConnectionPasswordSecretArns", f"{PASSWORDS[0]},*")]:
            with self.assertRaises(AssertionError):
                Template("template.yaml", **{**WITH_QUERIES, name: wrong})

    def test_fetch_is_there_with_connections_only_and_in_the_vpc_if_its_databases_are(self):
        network = {"SubnetIds": ["subnet-a1", "subnet-b2"], "SecurityGroupIds": ["sg-1"]}
        found = self.queries.resources
        self.assertEqual(found["Fetch"]["Properties"]["VpcConfig"], network)
        self.assertNotIn("VpcConfig", found["Validate"]["Properties"], "records are in DynamoDB")
        self.assertEqual(len(self.queries.of_type("AWS::EC2::VPCEndpoint")), 2)
        outside = Template("template.yaml", **{**WITH_QUERIES, "FetchFromVpc": "no"})
        self.assertNotIn("VpcConfig", outside.resources["Fetch"]["Properties"])
        self.assertEqual(outside.of_type("AWS::EC2::VPCEndpoint"), {})
        self.assertFalse(any(allowed(self.statements("Fetch", outside), action, "*") for action in OF_NETWORKS))
        both = Template("template.yaml", **{**WITH_QUERIES, **IN_POSTGRES, "FetchFromVpc": "no"})
        self.assertIn("VpcConfig", both.resources["Validate"]["Properties"])
        self.assertNotIn("VpcConfig", both.resources["Fetch"]["Properties"])
        plain = Template("template.yaml", ConnectionsSecretArn=CONNECTIONS)
        self.assertTrue(allowed(self.statements("Fetch", plain), "secretsmanager:GetSecretValue", CONNECTIONS))
        for parameters in ({}, {**WITH_QUERIES, "ConnectionsSecretArn": ""}, IN_POSTGRES):
            template = Template("template.yaml", **parameters)
            left = [name for name in template.resources if name.startswith(("Fetch", "Queries", "FailedReads"))]
            self.assertEqual(left, [])
            for name in ("Unpack", "Sequence", "Validate"):
                self.assertEqual(template.resources[name]["Properties"]["Environment"]["Variables"]["FETCH_QUEUE_URL"], "")

    def test_queries_are_looked_at_each_minute(self):
        [rule] = self.queries.of_type("AWS::Events::Rule").values()
        [target] = rule["Targets"]
        self.assertEqual((rule["ScheduleExpression"], json.loads(target["Input"])), ("rate(1 minute)", {"queries": {}}))
        self.assertEqual(target["Arn"], self.queries.arn("Sequence"))
        [permission] = self.queries.of_type("AWS::Lambda::Permission").values()
        self.assertEqual((permission["Principal"], permission["SourceArn"]), ("events.amazonaws.com", self.queries.arn("QueriesSchedule")))

    def test_the_bucket_says_where_the_rest_is(self):
        for template in self.templates:
            tags = {tag["Key"]: tag["Value"] for tag in self.bucket(template)["Tags"]}
            expected = {"tidewaiter:state-table": "ref:StateTable", "tidewaiter:records-table": "ref:RecordsTable"}
            expected["tidewaiter:records-engine"] = template.parameters["RecordsEngine"]
            for function in functions(template):
                expected[f"tidewaiter:{function.lower()}-queue"] = f"ref:{function}Queue"
                expected[f"tidewaiter:{function.lower()}-dead-letters"] = f"ref:{function}DeadLetters"
            self.assertEqual(tags, expected)

    def test_who_looks_changes_nothing_who_replays_moves_messages_and_who_configures_writes_configurations(self):
        for template in (self.template, self.queries):
            self.judge_operators(template)

    def judge_operators(self, t):
        bucket, tables = t.arn("Bucket"), [t.arn("StateTable"), t.arn("RecordsTable")]
        look, replay, configure = (
            t.resources[f"{p}Policy"]["Properties"]["PolicyDocument"]["Statement"] for p in ("Look", "Replay", "Configure")
        )
        wanted = {("s3:GetBucketTagging", bucket), ("s3:ListBucket", bucket)}
        wanted |= {("s3:GetObject", f"{bucket}/{prefix}/acme/x") for prefix in ("config", "logs")}
        wanted |= {(f"dynamodb:{a}", table) for a in ("GetItem", "BatchGetItem", "Query") for table in tables}
        wanted |= {("sqs:GetQueueAttributes", t.arn(f"{f}DeadLetters")) for f in functions(t)}
        back = {("sqs:SendMessage", t.arn(f"{f}Queue")) for f in functions(t)}
        taking = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes", "ChangeMessageVisibility")
        back |= {(f"sqs:{a}", t.arn(f"{f}DeadLetters")) for a in taking for f in functions(t)}
        s3 = ("GetObject", "GetObjectVersion", "PutObject", "DeleteObject", "DeleteObjectVersion", "PutBucketTagging", "ListBucket", "GetBucketTagging")
        dynamodb = ("GetItem", "BatchGetItem", "Query", "Scan", "PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "DeleteTable")
        asked = {(f"s3:{a}", r) for a in s3 for r in (bucket, *(f"{bucket}/{p}/acme/x" for p in ("imports", *OUTPUTS)))}
        asked |= {(f"dynamodb:{a}", table) for a in dynamodb for table in tables}
        queues = [t.arn(f"{f}{kind}") for f in functions(t) for kind in ("Queue", "DeadLetters")]
        asked |= {(f"sqs:{a}", q) for a in (*taking, "SendMessage", "PurgeQueue", "DeleteQueue") for q in queues}
        self.assertEqual({one for one in asked if allowed(look, *one)}, wanted)
        self.assertEqual({one for one in asked if allowed(replay, *one)}, back)
        changed = {(f"s3:{a}", f"{bucket}/config/acme/x") for a in ("PutObject", "GetObjectVersion")}
        changed |= {(f"dynamodb:{a}", t.arn("StateTable")) for a in ("PutItem", "UpdateItem", "DeleteItem")}
        changed |= {("sqs:SendMessage", t.arn("FetchQueue"))} if "Fetch" in t.resources else set()
        self.assertEqual({one for one in asked if allowed(configure, *one)}, changed)

    def test_each_function_has_its_own(self):
        for template in self.templates:
            found = template.of_type("AWS::Serverless::Function")
            self.assertEqual(set(found), set(functions(template)))
            for attribute in ("FunctionName", "CodeUri", "Role"):
                self.assertEqual(len({f[attribute] for f in found.values()}), len(found), attribute)
            self.assertEqual(len({f["LoggingConfig"]["LogGroup"] for f in found.values()}), len(found))
            for name, function in found.items():
                self.assertEqual(function["CodeUri"], f"../target/lambda/{name.lower()}/bootstrap.zip")
                self.assertEqual(function["Role"], template.arn(f"{name}Role"))
                self.assertTrue(1 <= int(function["Timeout"]) <= 900 and int(function["MemorySize"]) >= 128, name)
                self.assertEqual(function["Runtime"], "provided.al2023")
                self.assertIn(function["Architectures"], (["arm64"], ["x86_64"]))
                logs = template.resources[f"{name}Logs"]["Properties"]
                self.assertEqual(logs["LogGroupName"], f"/aws/lambda/{function['FunctionName']}")
                self.assertGreaterEqual(int(logs["RetentionInDays"]), 30)
                queues = [e["Properties"] for e in function["Events"].values() if e["Type"] == "SQS"]
                self.assertEqual([q["Queue"] for q in queues], [template.arn(f"{name}Queue")])
                self.assertEqual(queues[0]["FunctionResponseTypes"], ["ReportBatchItemFailures"])
                self.assertGreaterEqual(int(queues[0]["ScalingConfig"]["MaximumConcurrency"]), 2)
        self.assertEqual(Template("template.yaml").of_type("AWS::Serverless::Function")["Unpack"]["Architectures"], ["arm64"])

    def test_the_reconciliation_is_scheduled(self):
        scheduled = [e for e in self.template.resources["Sequence"]["Properties"]["Events"].values() if e["Type"] == "Schedule"]
        [reconciliation] = [s["Properties"] for s in scheduled]
        self.assertEqual(json.loads(reconciliation["Input"]), {"reconcile": {}})
        self.assertRegex(reconciliation["Schedule"], r"^rate\(\d+ minutes?\)$")

    def test_alarms_reach_somebody_and_name_what_is_there(self):
        for template in self.templates:
            alarms = template.of_type("AWS::CloudWatch::Alarm")
            topic = template.parameters["AlarmTopicArn"] or "ref:AlarmTopic"
            for name, alarm in alarms.items():
                self.assertEqual(alarm["AlarmActions"], [topic], name)
                chapter = re.search(r'See "(.+)" in docs/operating.md', alarm["AlarmDescription"])[1]
                self.assertIn(f"### {chapter}\n", (INFRA.parent / "docs" / "operating.md").read_text())
            for function in functions(template):
                for kind in ("DeadLetters", "Errors", "Age"):
                    self.assertIn(f"{function}{kind}Alarm", alarms)
            self.assertIn("OldestWaitingGroupSeconds", alarms["WaitingGroupAlarm"]["MetricName"])
            json.loads(template.resources["Dashboard"]["Properties"]["DashboardBody"])

    def test_alarms_and_dashboard_look_at_metrics_that_are_written_down(self):
        """A metric that nobody writes, or writes with other dimensions, is one that never raises an alarm."""
        contract = (INFRA / "README.md").read_text()
        rows = re.findall(r"^\| (`[A-Z]\w+`(?:, `\w+`)*) \| (?:Count|Seconds) \| ([^|]+) \|", contract, re.MULTILINE)
        written = {
            (metric, tuple(re.findall(r"`(\w+)`", dimensions)))
            for metrics, told in rows
            for metric in re.findall(r"`(\w+)`", metrics)
            for dimensions in told.split(";")
        }
        self.assertEqual(len(written), 8)
        for template in self.templates:
            alarms = template.of_type("AWS::CloudWatch::Alarm").values()
            used = {(a["MetricName"], tuple(d["Name"] for d in a["Dimensions"])) for a in alarms if a.get("Namespace") == "tidewaiter"}
            alarming = {"OldestWaitingGroupSeconds", "Failures"} | ({"FailedReads"} if "Fetch" in template.resources else set())
            self.assertEqual({metric for metric, _ in used}, alarming)
            body = json.loads(template.resources["Dashboard"]["Properties"]["DashboardBody"])
            for widget in body["widgets"]:
                before = []
                for row in widget["properties"]["metrics"]:
                    names = [name for name in row if isinstance(name, str)]
                    if names[0] == "...":
                        # What stands before it, but for the last of it.
                        names = before[: len(before) - len(names) + 1] + names[1:]
                    names = [before[place] if name == "." else name for place, name in enumerate(names)]
                    before = names
                    if names[0] == "tidewaiter":
                        used.add((names[1], tuple(names[2::2])))
            self.assertLessEqual(used, written)
            self.assertEqual({m for m, _ in written}, {m for m, _ in used}, "a metric that nobody looks at")

    def test_the_environment_is_the_one_that_is_written_down(self):
        contract = (INFRA / "README.md").read_text()
        rows = dict(re.findall(r"^\| `([A-Z_]+)` \| ([^|]+) \|", contract, re.MULTILINE))
        for name in functions(self.queries):
            variables = self.queries.resources[name]["Properties"]["Environment"]["Variables"]
            expected = {v for v, who in rows.items() if who.strip() == "all" or name.lower() in who.replace(",", " ").split()}
            self.assertEqual(set(variables), expected, name)

    def test_environments_set_what_there_is(self):
        for environment in ("dev", "prod"):
            self.assertEqual(parameters_of(environment)["Environment"], environment)


if __name__ == "__main__":
    unittest.main()
