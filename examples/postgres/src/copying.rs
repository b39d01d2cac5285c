//! `COPY … FROM STDIN`: rows on their way into a table, while the caller prepares what comes next.
//!
//! A copy that is refused before the first row, as in a transaction that has failed, breaks the connection: the driver has
//! sent a `Sync` with it, and sends another one. So none is begun before the answers to all earlier statements are there.

use std::future::{Future, poll_fn};
use std::io::{Cursor, Write};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use futures_sink::Sink;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Error, Statement};

/// From so many rows on it is cheaper than a statement with a value for each column.
pub(crate) const ROWS: usize = 50;

/// Rows on their way.
pub(crate) struct Copying {
    call: Call,
    rows: UnboundedSender<Option<Rows>>,
}

enum Call {
    Under(JoinHandle<Result<u64, Error>>),
    Over(Result<u64, Error>),
}

impl Copying {
    /// Sends more rows. If the call is over, its answer says why.
    pub(crate) fn send(&self, rows: Rows) {
        drop(self.rows.send(Some(rows)));
    }

    /// These were all. Until then no other statement of the connection is carried out.
    pub(crate) fn end(&self) {
        drop(self.rows.send(None));
    }

    /// How many rows there were, once the server has them all; `None` if the runtime has ended.
    pub(crate) async fn answer(self) -> Option<Result<u64, Error>> {
        match self.call {
            Call::Under(task) => task.await.ok(),
            Call::Over(answer) => Some(answer),
        }
    }
}

/// Begins to send rows in their text form. The statement is sent when this returns, so that what is sent next comes behind
/// it; the rows follow on the runtime, while the caller makes more of them. Without an end the server takes none.
pub(crate) async fn copying(runtime: &Handle, client: Arc<Client>, statement: Statement) -> Copying {
    let (rows, mut more) = unbounded_channel::<Option<Rows>>();
    let mut call: Pin<Box<dyn Future<Output = Result<u64, Error>> + Send>> = Box::pin(async move {
        let mut sink = pin!(client.copy_in(&statement).await?);
        while let Some(rows) = more.recv().await {
            let Some(rows) = rows else { return sink.finish().await };
            poll_fn(|context| sink.as_mut().poll_ready(context)).await?;
            sink.as_mut().start_send(Cursor::new(rows.0))?;
        }
        Ok(0)
    });
    let call = match poll_fn(|context| Poll::Ready(call.as_mut().poll(context))).await {
        Poll::Ready(answer) => Call::Over(answer),
        Poll::Pending => Call::Under(runtime.spawn(call)),
    };
    Copying { call, rows }
}

/// A value of a row.
#[derive(Clone, Copy)]
pub(crate) enum Field<'v> {
    Null,
    Text(&'v str),
    Number(i64),
    Bytes(&'v [u8]),
}

impl<'v> From<Option<&'v str>> for Field<'v> {
    fn from(text: Option<&'v str>) -> Self {
        text.map_or(Self::Null, Self::Text)
    }
}

impl From<Option<i64>> for Field<'_> {
    fn from(number: Option<i64>) -> Self {
        number.map_or(Self::Null, Self::Number)
    }
}

/// Rows in the text form of `COPY`.
#[derive(Default)]
pub(crate) struct Rows(Vec<u8>);

impl Rows {
    /// The next row.
    pub(crate) fn push<'v>(&mut self, fields: impl IntoIterator<Item = Field<'v>>) {
        for (at, field) in fields.into_iter().enumerate() {
            if at > 0 {
                self.0.push(b'\t');
            }
            match field {
                Field::Text(text) => self.text(text),
                Field::Null => self.0.extend_from_slice(b"\\N"),
                // A vector takes whatever is written.
                Field::Number(number) => drop(write!(self.0, "{number}")),
                Field::Bytes(bytes) => self.bytes(bytes),
            }
        }
        self.0.push(b'\n');
    }

    fn bytes(&mut self, bytes: &[u8]) {
        let digit = |half: u8| b"0123456789abcdef"[usize::from(half)];
        self.0.extend_from_slice(b"\\\\x");
        self.0.extend(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]));
    }

    /// What parts fields and rows is escaped, and so no text ends the copy.
    fn text(&mut self, text: &str) {
        let is_escaped = |byte: &u8| matches!(byte, b'\\' | b'\n' | b'\r' | b'\t');
        let mut rest = text.as_bytes();
        // Hardly any text has one of them, and without a way out the loop is compiled to a few instructions.
        if !rest.iter().fold(false, |any, byte| any | is_escaped(byte)) {
            return self.0.extend_from_slice(rest);
        }
        while let Some(at) = rest.iter().position(is_escaped) {
            self.0.extend_from_slice(&rest[..at]);
            self.0.extend_from_slice(match rest[at] {
                b'\n' => b"\\n",
                b'\r' => b"\\r",
                b'\t' => b"\\t",
                _ => b"\\\\",
            });
            rest = &rest[at + 1..];
        }
        self.0.extend_from_slice(rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_parts_rows_is_escaped() {
        let mut rows = Rows::default();
        rows.push([Field::Text("a\tb"), Field::Null, Field::Text("")]);
        rows.push([Field::Text(""), Field::Text("\\."), Field::Text("\\N")]);
        rows.push([None::<i64>.into(), Some("\r\n").into()]);
        rows.push([Field::Number(-7), Field::Bytes(&[0, 0xab])]);
        let told = String::from_utf8(rows.0).unwrap();
        assert_eq!(told, "a\\tb\t\\N\t\n\t\\\\.\t\\\\N\n\\N\t\\r\\n\n-7\t\\\\x00ab\n");
    }
}
