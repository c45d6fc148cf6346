using System.Text.Json;
using System.Text.Json.Serialization;

namespace RaftStream.Node.Http;

/// <summary>
/// Where a node stands: <c>GET /v1/status</c>. The state hash is 16 hexadecimal digits: 64 bits are too many for a number of JavaScript.
/// Syncs of the log and bytes that the process allocated on its managed heap both count from its start.
/// </summary>
internal sealed record StatusJson(
    int Id, string Role, long Term, int? Leader, string? LeaderHttp, bool Ready, long LastIndex, long LastTerm, long Commit, long Applied,
    string StateHash, long Snapshot, long Syncs, long AllocatedBytes, string? Fault, IReadOnlyList<MemberJson> Members);

/// <summary>A member: where it listens for peers, and for clients as far as known.</summary>
internal sealed record MemberJson(int Id, string Raft, string? Http);

/// <summary>A counter after a request. <c>matched</c> is there for compare-and-set only.</summary>
internal sealed record CounterJson(string Key, long Value, bool Exists, bool? Matched, string Outcome, long Index, long Term);

/// <summary>The body of <c>POST /v1/counters/{key}/add</c>; all of it optional.</summary>
internal sealed record AddBody(long? Delta);

/// <summary>The body of <c>POST /v1/counters/{key}/cas</c>; <c>expected</c> null or missing: the counter must not exist.</summary>
internal sealed record CasBody(long? Expected, long? Value);

/// <summary>One row of a top list.</summary>
internal sealed record TopRowJson(string Word, long Count);

/// <summary>The largest counters: <c>GET /v1/top</c>.</summary>
internal sealed record TopJson(IReadOnlyList<TopRowJson> Top, long Total, long Distinct, string Outcome, long Index, long Term);

/// <summary>How far a job has come: <c>GET /v1/jobs/{job}</c>.</summary>
internal sealed record JobJson(
    string Job, string Partition, bool Exists, long Offset, string PrefixSha256, long Words, long DeadLetters, string Outcome, long Index, long Term);

/// <summary>What an ingest did.</summary>
internal sealed record IngestJson(string Job, string Partition, string Outcome, long Offset, string PrefixSha256, long Words, long DeadLetters, long WordsAdded);

/// <summary>An error as RFC 9457 describes it, with a stable <c>code</c> for programs and the outcome: rejected is certain, unknown is not.</summary>
internal sealed record ProblemJson(string Type, string Title, int Status, string Detail, string Code, string Outcome);

/// <summary>The answer of <c>/healthz</c> and <c>/readyz</c>.</summary>
internal sealed record HealthJson(string Status);

/// <summary>How the program writes and reads JSON: camelCase, and nothing that the contracts do not have.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    DefaultIgnoreCondition = JsonIgnoreCondition.Never,
    NumberHandling = JsonNumberHandling.Strict,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(StatusJson))]
[JsonSerializable(typeof(IReadOnlyList<StatusJson>))]
[JsonSerializable(typeof(CounterJson))]
[JsonSerializable(typeof(AddBody))]
[JsonSerializable(typeof(CasBody))]
[JsonSerializable(typeof(TopJson))]
[JsonSerializable(typeof(JobJson))]
[JsonSerializable(typeof(IngestJson))]
[JsonSerializable(typeof(ProblemJson))]
[JsonSerializable(typeof(HealthJson))]
internal sealed partial class NodeJson : JsonSerializerContext;
