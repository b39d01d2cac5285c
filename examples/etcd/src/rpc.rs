//! The messages of etcd's public interface that a job store needs, and the calls that carry them.
//!
//! The numbers of the fields are those of etcd's API reference (`etcdserverpb`, `mvccpb`), version 3.4 and later. What a
//! store does not need is left out: protocol buffers skip what they do not know.

use http::uri::PathAndQuery;
use tokio_stream::StreamExt as _;
use tonic::client::Grpc;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::Channel;
use tonic::{Code, Request, Status, Streaming};
use tonic_prost::ProstCodec;

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct KeyValue {
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) key: Vec<u8>,
    #[prost(int64, tag = "2")]
    pub(crate) create_revision: i64,
    #[prost(int64, tag = "3")]
    pub(crate) mod_revision: i64,
    #[prost(bytes = "vec", tag = "5")]
    pub(crate) value: Vec<u8>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Header {
    #[prost(int64, tag = "3")]
    pub(crate) revision: i64,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct RangeRequest {
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) key: Vec<u8>,
    /// Excluded. Empty: the key alone.
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) range_end: Vec<u8>,
    #[prost(int64, tag = "3")]
    pub(crate) limit: i64,
    /// Of the past; 0: now.
    #[prost(int64, tag = "4")]
    pub(crate) revision: i64,
    #[prost(bool, tag = "8")]
    pub(crate) keys_only: bool,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct RangeResponse {
    #[prost(message, repeated, tag = "2")]
    pub(crate) kvs: Vec<KeyValue>,
    #[prost(bool, tag = "3")]
    pub(crate) more: bool,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct PutRequest {
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) key: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) value: Vec<u8>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct PutResponse {}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct DeleteRangeRequest {
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) key: Vec<u8>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct DeleteRangeResponse {
    #[prost(int64, tag = "2")]
    pub(crate) deleted: i64,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct RequestOp {
    #[prost(oneof = "request_op::Op", tags = "1, 2, 3, 4")]
    pub(crate) op: Option<request_op::Op>,
}

pub(crate) mod request_op {
    #[derive(Clone, PartialEq, prost::Oneof)]
    pub(crate) enum Op {
        #[prost(message, tag = "1")]
        Range(super::RangeRequest),
        #[prost(message, tag = "2")]
        Put(super::PutRequest),
        #[prost(message, tag = "3")]
        Delete(super::DeleteRangeRequest),
        #[prost(message, tag = "4")]
        Txn(super::TxnRequest),
    }
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct ResponseOp {
    #[prost(oneof = "response_op::Op", tags = "1, 2, 3, 4")]
    pub(crate) op: Option<response_op::Op>,
}

pub(crate) mod response_op {
    #[derive(Clone, PartialEq, prost::Oneof)]
    pub(crate) enum Op {
        #[prost(message, tag = "1")]
        Range(super::RangeResponse),
        #[prost(message, tag = "2")]
        Put(super::PutResponse),
        #[prost(message, tag = "3")]
        Delete(super::DeleteRangeResponse),
        #[prost(message, tag = "4")]
        Txn(super::TxnResponse),
    }
}

/// A condition of a transaction: something of a key is equal to something.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Compare {
    /// 0: equal.
    #[prost(int32, tag = "1")]
    result: i32,
    #[prost(int32, tag = "2")]
    target: i32,
    #[prost(bytes = "vec", tag = "3")]
    key: Vec<u8>,
    #[prost(oneof = "compare::Target", tags = "6, 7")]
    to: Option<compare::Target>,
}

mod compare {
    #[derive(Clone, PartialEq, prost::Oneof)]
    pub(super) enum Target {
        #[prost(int64, tag = "6")]
        ModRevision(i64),
        #[prost(bytes, tag = "7")]
        Value(Vec<u8>),
    }
}

impl Compare {
    /// The key was last changed at a revision; 0: it is not there.
    pub(crate) fn changed_at(key: Vec<u8>, revision: i64) -> Self {
        Self { result: 0, target: 2, key, to: Some(compare::Target::ModRevision(revision)) }
    }

    /// The key has a value.
    pub(crate) fn has(key: Vec<u8>, value: Vec<u8>) -> Self {
        Self { result: 0, target: 3, key, to: Some(compare::Target::Value(value)) }
    }
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct TxnRequest {
    #[prost(message, repeated, tag = "1")]
    pub(crate) compare: Vec<Compare>,
    #[prost(message, repeated, tag = "2")]
    pub(crate) success: Vec<RequestOp>,
    #[prost(message, repeated, tag = "3")]
    pub(crate) failure: Vec<RequestOp>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct TxnResponse {
    #[prost(message, optional, tag = "1")]
    pub(crate) header: Option<Header>,
    #[prost(bool, tag = "2")]
    pub(crate) succeeded: bool,
    #[prost(message, repeated, tag = "3")]
    pub(crate) responses: Vec<ResponseOp>,
}

impl TxnResponse {
    /// At which revision it took effect. An inner transaction has none of its own.
    pub(crate) fn revision(&self) -> i64 {
        self.header.as_ref().map_or(0, |header| header.revision)
    }

    /// What one of its reads found.
    pub(crate) fn found(&self, at: usize) -> &[KeyValue] {
        match self.responses.get(at).and_then(|response| response.op.as_ref()) {
            Some(response_op::Op::Range(range)) => &range.kvs,
            _ => &[],
        }
    }
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct AuthenticateRequest {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
    #[prost(string, tag = "2")]
    pub(crate) password: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct AuthenticateResponse {
    #[prost(string, tag = "2")]
    pub(crate) token: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct WatchRequest {
    #[prost(message, optional, tag = "1")]
    create: Option<WatchCreate>,
}

/// What is to be watched.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct WatchCreate {
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) key: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) range_end: Vec<u8>,
    /// The first revision of interest; 0: what comes from now on.
    #[prost(int64, tag = "3")]
    pub(crate) start_revision: i64,
    /// 0: no puts, 1: no deletes.
    #[prost(int32, repeated, tag = "5")]
    pub(crate) filters: Vec<i32>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct WatchResponse {
    #[prost(bool, tag = "4")]
    pub(crate) canceled: bool,
    #[prost(message, repeated, tag = "11")]
    pub(crate) events: Vec<Event>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Event {
    /// 0: put, 1: deleted.
    #[prost(int32, tag = "1")]
    pub(crate) kind: i32,
    #[prost(message, optional, tag = "2")]
    pub(crate) kv: Option<KeyValue>,
}

impl From<RangeRequest> for RequestOp {
    fn from(range: RangeRequest) -> Self {
        Self { op: Some(request_op::Op::Range(range)) }
    }
}

impl From<TxnRequest> for RequestOp {
    fn from(txn: TxnRequest) -> Self {
        Self { op: Some(request_op::Op::Txn(txn)) }
    }
}

impl RequestOp {
    pub(crate) fn put(key: Vec<u8>, value: Vec<u8>) -> Self {
        Self { op: Some(request_op::Op::Put(PutRequest { key, value })) }
    }

    pub(crate) fn delete(key: Vec<u8>) -> Self {
        Self { op: Some(request_op::Op::Delete(DeleteRangeRequest { key })) }
    }
}

/// A read of one key.
pub(crate) fn read_of(key: Vec<u8>) -> RangeRequest {
    RangeRequest { key, ..RangeRequest::default() }
}

/// A request with a way of its own.
pub(crate) trait Call: prost::Message + Clone + Default + 'static {
    type Answer: prost::Message + Default + 'static;
    const PATH: &'static str;
}

impl Call for RangeRequest {
    type Answer = RangeResponse;
    const PATH: &'static str = "/etcdserverpb.KV/Range";
}

impl Call for TxnRequest {
    type Answer = TxnResponse;
    const PATH: &'static str = "/etcdserverpb.KV/Txn";
}

impl Call for AuthenticateRequest {
    type Answer = AuthenticateResponse;
    const PATH: &'static str = "/etcdserverpb.Auth/Authenticate";
}

/// A token of a user who has logged in.
pub(crate) type Token = MetadataValue<Ascii>;

/// A node that has lost its leader says so at once, instead of letting the caller wait.
fn with_metadata<Q>(mut request: Request<Q>, token: Option<&Token>) -> Request<Q> {
    let metadata = request.metadata_mut();
    metadata.insert("hasleader", MetadataValue::from_static("true"));
    if let Some(token) = token {
        metadata.insert("token", token.clone());
    }
    request
}

/// A client of one endpoint. How large an answer may be is for the request to say, so there is no limit here.
async fn client(channel: Channel) -> Result<Grpc<Channel>, Status> {
    let mut client = Grpc::new(channel).max_decoding_message_size(usize::MAX);
    let ready = client.ready().await;
    ready.map_err(|error| Status::new(Code::Unavailable, format!("no connection: {}", innermost(&error))))?;
    Ok(client)
}

/// The first cause of an error: what a person wants to know.
pub(crate) fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

/// Sends a request to one endpoint, once.
pub(crate) async fn unary<Q: Call>(channel: Channel, request: Q, token: Option<&Token>) -> Result<Q::Answer, Status> {
    let mut client = client(channel).await?;
    let request = with_metadata(Request::new(request), token);
    let answer = client.unary(request, PathAndQuery::from_static(Q::PATH), ProstCodec::default()).await?;
    Ok(answer.into_inner())
}

/// Watches at one endpoint, for as long as the stream is held.
pub(crate) async fn watch(
    channel: Channel,
    create: WatchCreate,
    token: Option<&Token>,
) -> Result<Streaming<WatchResponse>, Status> {
    let mut client = client(channel).await?;
    // The stream of requests stays open: a server may end the watch with it.
    let requests = tokio_stream::once(WatchRequest { create: Some(create) }).chain(tokio_stream::pending());
    let request = with_metadata(Request::new(requests), token);
    let path = PathAndQuery::from_static("/etcdserverpb.Watch/Watch");
    Ok(client.streaming(request, path, ProstCodec::default()).await?.into_inner())
}
