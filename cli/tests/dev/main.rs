//! The binary itself, driven from outside as its user sees it: `latchkey dev` over HTTP, and the
//! commands against it. They are one program, so that it is linked once.

#[cfg(test)]
mod admin;
#[cfg(test)]
mod apply;
#[cfg(test)]
mod aws_requests;
#[cfg(test)]
mod aws_server;
#[cfg(test)]
#[path = "../commands/mod.rs"]
mod commands;
#[cfg(test)]
mod console;
#[cfg(test)]
mod data;
#[cfg(test)]
mod demo_apis;
#[cfg(test)]
mod page;
#[cfg(test)]
mod quota;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod start;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tail;
#[cfg(test)]
mod try_call;
#[cfg(test)]
mod typed;
