using System.Text.Json;
using System.Text.Json.Serialization;
using RaftStream.Hosting.Streams;

namespace RaftStream.Hosting.Http;

/// <summary>
/// Where a node stands: <c>GET /v1/status</c>. The state hash is 16 hexadecimal digits: 64 bits are too many for a number of JavaScript.
/// Syncs of the log and bytes that the process allocated on its managed heap both count from its start.
/// </summary>
internal sealed record StatusJson(
    int Id, string Role, long Term, int? Leader, string? LeaderHttp, bool Ready, long LastIndex, long LastTerm, long Commit, long Applied,
    string StateHash, long Snapshot, long Syncs, long AllocatedBytes, string? Fault, IReadOnlyList<MemberJson> Members, long MembersIndex, bool Joint,
    int? TransferTarget, bool StorageFull, long Incarnation)
{
    /// <summary>Its outbox; null where that is not told.</summary>
    public OutboxJson? Outbox { get; init; }

    /// <summary>What it has sent to other nodes; null where that is not told.</summary>
    public TrafficJson? Traffic { get; init; }
}

/// <summary>What a node has sent to others since its process started: frames of the protocol between nodes, heartbeats among them, and requests of clients that it passed on to a leader.</summary>
internal sealed record TrafficJson(long FramesSent, long RequestsPassedOn);

/// <summary>
/// A member: where it listens for peers, and for clients over HTTP and of the binary protocol as far as known; <c>role</c> is voter, learner, joining or leaving. What it holds and
/// lacks only the leader knows: elsewhere <c>bytesBehind</c> is null and <c>match</c> 0.
/// </summary>
internal sealed record MemberJson(
    int Id, string Raft, string? Http, string? Client, string? Resp, string Role, int Priority, bool Heard, long Match, long? BytesBehind, long BytesPerSecond);

/// <summary>The members by the leader's account: <c>GET /v1/admin/members</c>; <c>index</c> is what a change compares with.</summary>
internal sealed record MembersJson(int Leader, long Term, long Index, bool Joint, int? TransferTarget, long Incarnation, IReadOnlyList<MemberJson> Members);

/// <summary>The body of <c>POST /v1/admin/members</c>; <c>priority</c> may be missing.</summary>
internal sealed record AddMemberBody(int? Id, string? Address, int? Priority);

/// <summary>The body of <c>POST /v1/admin/members/{id}/replace</c>: the learner that takes the vote.</summary>
internal sealed record ReplaceMemberBody(int? With);

/// <summary>The body of <c>PATCH /v1/admin/members/{id}</c>: what changes, one of them or both.</summary>
internal sealed record UpdateMemberBody(string? Address, int? Priority);

/// <summary>A change of the members that is committed: the index of the configuration that it led to.</summary>
internal sealed record ChangeJson(string Outcome, long Index);

/// <summary>The body of <c>POST /v1/admin/transfer</c>; without <c>to</c> the best voter leads next.</summary>
internal sealed record TransferBody(int? To);

/// <summary>A hand-over that is done: who led, and who leads by now as far as that node knows.</summary>
internal sealed record TransferJson(string Outcome, int From, int? Leader);

/// <summary>The body of <c>POST /v1/sessions</c>: 1 ms to 30 days without a write, then the session ends; ten minutes where it is missing.</summary>
internal sealed record OpenSessionBody(long? IdleTimeoutMs);

/// <summary>A session that was opened or closed.</summary>
internal sealed record SessionJson(string Session, long IdleTimeoutMs, string Outcome, long Index, long Term);

/// <summary>A counter after a request. <c>matched</c> is there for compare-and-set only.</summary>
internal sealed record CounterJson(string Key, long Value, bool Exists, bool? Matched, string Outcome, long Index, long Term)
{
    /// <summary>For a tentative read: whether something waits in the node's outbox that is not in the log yet; else missing.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Tentative { get; init; }
}

/// <summary>
/// A write that the outbox of a node holds (outcome accepted, with 202): command <c>sequence</c> of the epoch that the process of that node began with its first such write.
/// </summary>
internal sealed record AcceptedJson(string Outcome, int Node, long Epoch, long Sequence);

/// <summary>
/// A node's outbox: commands and bytes that wait, and how long the oldest does, null where none does; and, since the process started, commands that came into the log and those that never will.
/// </summary>
internal sealed record OutboxJson(long Pending, long Bytes, long? OldestAgeMs, long Drained, long Lost);

/// <summary>One of several counters that were asked for.</summary>
internal sealed record CounterRowJson(string Key, long Value, bool Exists);

/// <summary>Several counters at one index, in the order in which they were asked for: <c>GET /v1/counters?key=...&amp;key=...</c>.</summary>
internal sealed record CountersJson(IReadOnlyList<CounterRowJson> Counters, string Outcome, long Index, long Term);

/// <summary>The sum over the counters whose keys are integers in a range: <c>GET /v1/range-sum</c>. It may take 128 bits, so it is text.</summary>
internal sealed record RangeSumJson(long From, long To, string Sum, long Count, string Outcome, long Index, long Term);

/// <summary>A change or a row of <c>GET /v1/watch</c>; the value is null where the counter was deleted.</summary>
internal sealed record WatchChangeJson(long Index, string Key, long? Value);

/// <summary>A key of <c>GET /v1/watch</c> that holds bytes, which are not told.</summary>
internal sealed record WatchBytesJson(long Index, string Key);

/// <summary>Progress of <c>GET /v1/watch</c>.</summary>
internal sealed record WatchProgressJson(long Index);

/// <summary>
/// A write that the leader's disk alone holds (outcome provisional, with 202), or what became of it: <c>GET /v1/writes/{position}</c>, applied or lost.
/// </summary>
internal sealed record WriteJson(string Outcome, string Position, long Index, long Term);

/// <summary>The body of <c>POST /v1/counters/{key}/add</c>; all of it optional.</summary>
internal sealed record AddBody(long? Delta);

/// <summary>The body of <c>POST /v1/counters/{key}/max</c>.</summary>
internal sealed record MaxBody(long? Value);

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
internal sealed record ProblemJson(string Type, string Title, int Status, string Detail, string Code, string Outcome)
{
    /// <summary>For a read whose level cannot be had at the moment: those that the node could serve; else missing.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Levels { get; init; }
}

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
[JsonSerializable(typeof(CountersJson))]
[JsonSerializable(typeof(RangeSumJson))]
[JsonSerializable(typeof(WatchChangeJson))]
[JsonSerializable(typeof(WatchBytesJson))]
[JsonSerializable(typeof(WatchProgressJson))]
[JsonSerializable(typeof(WriteJson))]
[JsonSerializable(typeof(AcceptedJson))]
[JsonSerializable(typeof(AddBody))]
[JsonSerializable(typeof(MaxBody))]
[JsonSerializable(typeof(CasBody))]
[JsonSerializable(typeof(TopJson))]
[JsonSerializable(typeof(JobJson))]
[JsonSerializable(typeof(IngestJson))]
[JsonSerializable(typeof(ProblemJson))]
[JsonSerializable(typeof(HealthJson))]
[JsonSerializable(typeof(MembersJson))]
[JsonSerializable(typeof(AddMemberBody))]
[JsonSerializable(typeof(ReplaceMemberBody))]
[JsonSerializable(typeof(UpdateMemberBody))]
[JsonSerializable(typeof(ChangeJson))]
[JsonSerializable(typeof(TransferBody))]
[JsonSerializable(typeof(TransferJson))]
[JsonSerializable(typeof(OpenSessionBody))]
[JsonSerializable(typeof(SessionJson))]
[JsonSerializable(typeof(StreamListJson))]
[JsonSerializable(typeof(StreamJson))]
[JsonSerializable(typeof(StreamDoneJson))]
[JsonSerializable(typeof(StreamSumJson))]
[JsonSerializable(typeof(StreamTakenJson))]
[JsonSerializable(typeof(StreamLettersJson))]
[JsonSerializable(typeof(StreamFiguresJson))]
internal sealed partial class NodeJson : JsonSerializerContext;
