//! `COPY … FROM STDIN`: rows on their way into a table, while the caller prepares what comes next.
//!
//! A copy that is refused before the first row, as in a transaction that has failed, breaks the connection: the driver has
//! sent a `Sync` with it, and sends another one. So none is begun before the answers to all earlier statements are there.

use std::future::{Future, poll_fn};
use std::io::Cursor;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use futures_sink::Sink;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Error, Statement};

/// From so many rows on it is cheaper than a statement with a value for each column.
pub(crate) const ROWS: usize = 50;

/// Rows on their way.
pub(crate) enum Copying {
    Under(JoinHandle<Result<u64, Error>>),
    Over(Result<u64, Error>),
}

impl Copying {
    /// How many rows there were, once the server has them all; `None` if the runtime has ended.
    pub(crate) async fn answer(self) -> Option<Result<u64, Error>> {
        match self {
            Self::Under(task) => task.await.ok(),
            Self::Over(answer) => Some(answer),
        }
    }
}

/// Begins to send rows in their text form. The statement is sent when this returns, so that what is sent next comes behind
/// it; the rows follow on the runtime.
pub(crate) async fn copying(runtime: &Handle, client: Arc<Client>, statement: Statement, rows: Rows) -> Copying {
    let mut call: Pin<Box<dyn Future<Output = Result<u64, Error>> + Send>> = Box::pin(async move {
        let mut sink = pin!(client.copy_in(&statement).await?);
        poll_fn(|context| sink.as_mut().poll_ready(context)).await?;
        sink.as_mut().start_send(Cursor::new(rows.0))?;
        sink.finish().await
    });
    match poll_fn(|context| Poll::Ready(call.as_mut().poll(context))).await {
        Poll::Ready(answer) => Copying::Over(answer),
        Poll::Pending => Copying::Under(runtime.spawn(call)),
    }
}

/// Rows in the text form of `COPY`.
#[derive(Default)]
pub(crate) struct Rows(Vec<u8>);

impl Rows {
    /// The next row.
    pub(crate) fn push<'v>(&mut self, fields: impl IntoIterator<Item = Option<&'v str>>) {
        for (at, field) in fields.into_iter().enumerate() {
            if at > 0 {
                self.0.push(b'\t');
            }
            match field {
                Some(text) => self.text(text),
                None => self.0.extend_from_slice(b"\\N"),
            }
        }
        self.0.push(b'\n');
    }

    /// What parts fields and rows is escaped, and so no text ends the copy.
    fn text(&mut self, text: &str) {
        let mut rest = text.as_bytes();
        while let Some(at) = rest.iter().position(|byte| matches!(byte, b'\\' | b'\n' | b'\r' | b'\t')) {
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
        rows.push([Some("a\tb"), None, Some("")]);
        rows.push([Some(""), Some("\\."), Some("\\N")]);
        rows.push([None, Some("\r\n")]);
        let told = String::from_utf8(rows.0).unwrap();
        assert_eq!(told, "a\\tb\t\\N\t\n\t\\\\.\t\\\\N\n\\N\t\\r\\n\n");
    }
}
