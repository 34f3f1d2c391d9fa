//! `latchkey dev`, driven from outside: the binary itself, over HTTP, as its user sees it.

#[cfg(test)]
mod admin;
#[cfg(test)]
mod apply;
#[cfg(test)]
mod aws_server;
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
mod try_call;
#[cfg(test)]
mod typed;
