//! The address of a deployed stack in the place of a folder: which commands take it, and what they say if AWS
//! does not answer as it should. What a stack is shown as is tested on LocalStack, in `crates/aws`.

use crate::support::Place;

#[test]
fn commands_for_folders_say_so_and_make_nothing() {
    let place = Place::deployment();
    for (arguments, said, instead) in [
        (&["run", "s3://landing"][..], "`run` is for folders", "dropped into s3://landing/imports/"),
        (&["watch", "s3://landing/acme"], "`watch` is for folders", "dropped into s3://landing/imports/"),
        (&["init", "s3://landing"], "`init` is for folders", "make deploy"),
    ] {
        let answer = place.run(arguments).expect(2);
        assert!(answer.err.contains("is a deployed stack") && answer.err.contains(said), "{answer:?}");
        assert!(answer.err.contains(instead), "{answer:?}");
    }
    assert!(!place.path("s3:").exists());
    for folder in ["drop", "nowhere"] {
        let answer = place.run(&["replay", folder]).expect(2);
        assert!(answer.err.contains("only a deployed stack has dead letters"), "{answer:?}");
    }
}

#[test]
fn an_address_that_is_none_is_told_apart_from_a_folder() {
    let place = Place::deployment();
    for (arguments, said) in [
        (&["status", "s3://"][..], "is not the address of a stack"),
        (&["history", "s3://landing/acme/2026"], "is not the address of a stack"),
        (&["records", "s3://landing/acme"], "records belong to universes"),
        (&["status", "s3://landing/acme", "--repository", "globex"], "--repository globex another"),
        (&["check", "--scope", "contacts", "s3://landing/x.csv"], "aws s3 cp s3://landing/x.csv"),
    ] {
        let answer = place.run(arguments).expect(2);
        assert!(answer.err.contains(said), "{answer:?}");
    }
}

#[cfg(not(feature = "aws"))]
#[test]
fn without_aws_a_stack_is_told_to_need_it() {
    let place = Place::deployment();
    for command in ["status", "history", "records", "replay"] {
        let answer = place.run(&[command, "s3://landing"]).expect(2);
        assert!(
            answer.err.contains("was built without AWS") && answer.err.contains("make install"),
            "{answer:?}"
        );
    }
}

#[cfg(feature = "aws")]
mod refused {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use crate::support::{Answer, command};

    /// Somebody who answers everything so.
    fn endpoint(answer: String) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { break };
                let (mut request, mut part) = (Vec::new(), [0; 4096]);
                while !request.windows(4).any(|end| end == b"\r\n\r\n") {
                    let Ok(count @ 1..) = stream.read(&mut part) else { break };
                    request.extend_from_slice(&part[..count]);
                }
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        address
    }

    fn status(code: &str, headers: &str, body: &str) -> Answer {
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 {code}\r\ncontent-type: application/xml\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
        );
        let mut command = command(&std::env::temp_dir(), &["status", "s3://landing"]);
        command.envs([
            ("AWS_ENDPOINT_URL", endpoint(answer).as_str()),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_CONFIG_FILE", "/dev/null"),
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
        ]);
        let output = command.env_remove("AWS_PROFILE").output().unwrap();
        Answer {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    #[test]
    fn what_aws_refuses_is_one_line_and_what_to_do_another() {
        let xml = |code: &str| format!("<Error><Code>{code}</Code><Message>No.</Message></Error>");
        let there = "x-amz-bucket-region: us-east-2\r\n";
        for (http, headers, body, said, hint) in [
            (
                "403 Forbidden",
                "",
                xml("AccessDenied"),
                "the tags of bucket landing may not be read: AccessDenied: No.",
                "LookPolicy",
            ),
            (
                "403 Forbidden",
                "",
                String::new(),
                "the tags of bucket landing may not be read: HTTP 403",
                "LookPolicy",
            ),
            (
                "403 Forbidden",
                "",
                xml("InvalidAccessKeyId"),
                "does not take these credentials: InvalidAccessKeyId: No.",
                "AWS_PROFILE",
            ),
            (
                "400 Bad Request",
                "",
                xml("ExpiredToken"),
                "does not take these credentials: ExpiredToken: No.",
                "AWS_PROFILE",
            ),
            (
                "301 Moved Permanently",
                there,
                xml("PermanentRedirect"),
                "bucket landing is in us-east-2, and eu-west-1 was asked",
                "AWS_REGION=us-east-2",
            ),
            (
                "400 Bad Request",
                there,
                xml("AuthorizationHeaderMalformed"),
                "bucket landing is in us-east-2",
                "AWS_REGION=us-east-2",
            ),
            ("404 Not Found", "", xml("NoSuchBucket"), "there is no bucket landing", "output Bucket"),
            (
                "404 Not Found",
                "",
                xml("NoSuchTagSet"),
                "it lacks the tags tidewaiter:state-table, tidewaiter:records-table",
                "make deploy",
            ),
        ] {
            let answer = status(http, headers, &body).expect(2);
            let lines: Vec<&str> = answer.err.lines().collect();
            assert_eq!((answer.out.as_str(), lines.len()), ("", 2), "{answer:?}");
            assert!(lines[0].starts_with("error: ") && lines[0].contains(said), "{answer:?}");
            assert!(lines[1].starts_with("hint: ") && lines[1].contains(hint), "{answer:?}");
        }
    }
}
