//! `latchkey console` before the admin API of a `latchkey dev`: who gets in, and what is kept.

mod entry;
mod forms;

use std::{
    io::{BufRead as _, BufReader},
    process::Child,
};

use ureq::http::Request;

use crate::{
    support::{Answer, Dev},
    typed::latchkey,
};

/// A running `latchkey console`. It ends with the value.
struct Console {
    child: Child,
    base: String,
    token: String,
    agent: ureq::Agent,
}

impl Console {
    fn start(dev: &Dev) -> Self {
        let mut command = latchkey(dev, &["console"]);
        let mut child = command.env("RUST_LOG", "trace").spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        while !line.contains("token=") {
            line.clear();
            assert!(out.read_line(&mut line).unwrap() > 0, "it did not start");
        }
        let (base, token) = line.trim().split_once("/?token=").unwrap();
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .build();
        Self {
            base: base.to_owned(),
            token: token.to_owned(),
            child,
            agent: config.into(),
        }
    }

    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut answer = self
            .agent
            .run(request.body(body.to_owned()).unwrap())
            .unwrap();
        Answer {
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            body: answer.body_mut().read_to_string().unwrap(),
        }
    }

    /// What the address that was printed sets.
    fn cookie(&self) -> String {
        let answer = self.send("GET", &format!("/?token={}", self.token), &[], "");
        assert_eq!((answer.status, answer.header("location")), (303, Some("/")));
        let cookie = answer.header("set-cookie").unwrap();
        assert!(
            cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict"),
            "{cookie}"
        );
        assert!(
            !cookie.contains(&self.token),
            "it is derived from the token"
        );
        cookie.split(';').next().unwrap().to_owned()
    }

    fn get(&self, path: &str, cookie: &str) -> Answer {
        self.send("GET", path, &[("cookie", cookie)], "")
    }

    /// Fills in the form of `page` and sends it to `path`.
    fn post(&self, cookie: &str, page: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let page = self.get(page, cookie).body;
        let mut form = form_of(&page);
        form.extend(
            fields
                .iter()
                .map(|(name, text)| ((*name).to_owned(), (*text).to_owned())),
        );
        self.send("POST", path, &[("cookie", cookie), FORM], &coded(&form))
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// What a page's forms carry unseen.
fn form_of(page: &str) -> Vec<(String, String)> {
    let of = |name: &str| {
        let start = page.find(&format!(r#"name="{name}" value=""#))? + name.len() + 15;
        let value = &page[start..];
        let value = value[..value.find('"')?].replace("&#34;", "\"");
        Some((name.to_owned(), value))
    };
    ["csrf", "once"].into_iter().filter_map(of).collect()
}

fn coded(fields: &[(String, String)]) -> String {
    let mut coded = form_urlencoded::Serializer::new(String::new());
    coded.extend_pairs(fields);
    coded.finish()
}
