using System.Buffers;
using RaftStream.Raft.Wire;

namespace RaftStream.Client.Protocol;

/// <summary>What an answer holds behind its head. The numbers are part of the protocol and are never given to something else.</summary>
internal enum AnswerKind : byte
{
    /// <summary>[64, head]: nothing.</summary>
    Plain = 64,

    /// <summary>[65, head, value, exists, matched]</summary>
    Counter = 65,

    /// <summary>[66, head, total, distinct, [key, value, key, value ...]]</summary>
    Top = 66,

    /// <summary>[67, head, incarnation, session]</summary>
    Session = 67,

    /// <summary>[68, head, leads, node's term, applied index]</summary>
    Status = 68,

    /// <summary>[69, head, value, exists, tentative]</summary>
    Tentative = 69,

    /// <summary>[70, head, epoch, sequence]</summary>
    Accepted = 70,

    /// <summary>[71, head, [value or nil, value or nil ...]]</summary>
    Values = 71,

    /// <summary>[72, head, the sum's upper 64 bits with its sign, its lower 64 bits, count]</summary>
    Sum = 72,

    /// <summary>[73, head, place, events]: <see cref="EventPage"/></summary>
    Watch = 73,

    /// <summary>[74, head, sequence, taken]</summary>
    Ingest = 74,

    /// <summary>[75, head, next, outputs]: <see cref="OutputPage"/></summary>
    Outputs = 75,

    /// <summary>[127, head]: the connection is closed behind it; the id is 0 where the request's could not be read.</summary>
    Fault = 127,
}

/// <summary>
/// An answer. The head: id, outcome, refusal, problem or nil, index, term, age in microseconds or nil, level or nil, leader, leader's address or nil.
/// </summary>
internal readonly record struct AnswerMessage(AnswerKind Kind)
{
    /// <summary>The longest sentence, in bytes of UTF-8.</summary>
    public const int MaxProblem = 1_024;

    /// <summary>The longest address, in bytes of UTF-8.</summary>
    public const int MaxAddress = 255;

    private const int HeadCount = 11;

    /// <summary>The request's.</summary>
    public long Id { get; init; }

    /// <summary>What is certain.</summary>
    public ClientOutcome Outcome { get; init; }

    /// <summary>Why it was not done.</summary>
    public ClientRefusal Refusal { get; init; }

    /// <summary>In words.</summary>
    public string? Problem { get; init; }

    /// <summary>The last entry in the answer, or the write's own.</summary>
    public long Index { get; init; }

    /// <summary>Its term.</summary>
    public long Term { get; init; }

    /// <summary>How old it may be, in microseconds, rounded up.</summary>
    public long? AgeMicroseconds { get; init; }

    /// <summary>At which level it was served.</summary>
    public ConsistencyLevel? Level { get; init; }

    /// <summary>Who leads, as far as the node knows; 0 for nobody.</summary>
    public int Leader { get; init; }

    /// <summary>Where clients of this protocol reach the leader, host:port; told with refusals and with the status, where it is known.</summary>
    public string? LeaderAddress { get; init; }

    /// <summary>Counter: after the request.</summary>
    public long Value { get; init; }

    /// <summary>Counter: whether it is there after the request.</summary>
    public bool Exists { get; init; }

    /// <summary>Counter: whether the expected value was found.</summary>
    public bool Matched { get; init; }

    /// <summary>Tentative: whether something waits in the node's outbox that it has not applied.</summary>
    public bool IsTentative { get; init; }

    /// <summary>Accepted: the epoch of the node's outbox.</summary>
    public long Epoch { get; init; }

    /// <summary>Accepted: the write's number in it. Ingest: up to where the producer's lines count.</summary>
    public long Sequence { get; init; }

    /// <summary>Ingest: how many of the request's lines count by it, and did not before.</summary>
    public int Taken { get; init; }

    /// <summary>Top: the rows.</summary>
    public IReadOnlyList<TopRow> Rows { get; init; } = [];

    /// <summary>Top: the sum of all counters.</summary>
    public long Total { get; init; }

    /// <summary>Top: how many there are.</summary>
    public long Distinct { get; init; }

    /// <summary>Values: in the order of the keys, null for a counter that there is not.</summary>
    public IReadOnlyList<long?> Values { get; init; } = [];

    /// <summary>Sum: of all counters in the range.</summary>
    public Int128 Sum { get; init; }

    /// <summary>Sum: how many there are.</summary>
    public long Count { get; init; }

    /// <summary>Watch: what happened; else null.</summary>
    public EventPage? Watch { get; init; }

    /// <summary>Outputs: what a sink gave out; else null.</summary>
    public OutputPage? Outputs { get; init; }

    /// <summary>Session: which one.</summary>
    public long Session { get; init; }

    /// <summary>Session: of which incarnation. In what a connection hands over: that of the node, whatever the kind.</summary>
    public uint Incarnation { get; init; }

    /// <summary>Status: whether the node leads and has applied an entry of its own term.</summary>
    public bool Leads { get; init; }

    /// <summary>Status: the node's term.</summary>
    public long NodeTerm { get; init; }

    /// <summary>Status: up to where it has applied the log.</summary>
    public long Applied { get; init; }

    /// <summary>Not a part of the answer: the node at the other end of the connection, which said so in its greeting.</summary>
    public int Node { get; init; }

    /// <summary>A refusal.</summary>
    public static AnswerMessage Refused(long id, ClientOutcome outcome, ClientRefusal refusal, string problem) =>
        new(AnswerKind.Plain) { Id = id, Outcome = outcome, Refusal = refusal, Problem = problem };

    /// <summary>Writes the body of its frame.</summary>
    public void Write(IBufferWriter<byte> output)
    {
        var writer = new MessagePackWriter(output);
        writer.WriteArrayHeader(CountOf(Kind));
        writer.Write((ulong)Kind);
        writer.Write(Id);
        writer.Write((ulong)Outcome);
        writer.Write((ulong)Refusal);
        WriteText(writer, Problem);
        writer.Write(Index);
        writer.Write(Term);
        WriteNumber(writer, AgeMicroseconds);
        WriteNumber(writer, (long?)Level);
        writer.Write(Leader);
        WriteText(writer, LeaderAddress);
        WriteRest(writer);
    }

    /// <summary>How many values an answer of that kind has; 0 where there is no such kind.</summary>
    public static int CountOf(AnswerKind kind) => kind switch
    {
        AnswerKind.Plain or AnswerKind.Fault => HeadCount,
        AnswerKind.Values => HeadCount + 1,
        AnswerKind.Session or AnswerKind.Accepted or AnswerKind.Watch or AnswerKind.Ingest or AnswerKind.Outputs => HeadCount + 2,
        AnswerKind.Counter or AnswerKind.Tentative or AnswerKind.Top or AnswerKind.Sum or AnswerKind.Status => HeadCount + 3,
        _ => 0,
    };

    /// <summary>Reads a body that nobody vouches for. False: it is none. Nothing is thrown for any bytes.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body, out AnswerMessage answer) => AnswerReader.TryRead(body, out answer);

    /// <summary>Writes what is special to a kind.</summary>
    private void WriteRest(MessagePackWriter writer)
    {
        switch (Kind)
        {
            case AnswerKind.Counter:
                writer.Write(Value);
                writer.Write(Exists);
                writer.Write(Matched);
                break;
            case AnswerKind.Tentative:
                writer.Write(Value);
                writer.Write(Exists);
                writer.Write(IsTentative);
                break;
            case AnswerKind.Accepted:
                writer.Write(Epoch);
                writer.Write(Sequence);
                break;
            case AnswerKind.Top:
                writer.Write(Total);
                writer.Write(Distinct);
                writer.WriteArrayHeader(2 * Rows.Count);
                foreach (var row in Rows)
                {
                    writer.WriteString(row.Key);
                    writer.Write(row.Value);
                }

                break;
            case AnswerKind.Values:
                writer.WriteArrayHeader(Values.Count);
                foreach (var value in Values)
                    WriteNumber(writer, value);
                break;
            case AnswerKind.Sum:
                writer.Write((long)(Sum >> 64));
                writer.Write((ulong)(Sum & ulong.MaxValue));
                writer.Write(Count);
                break;
            case AnswerKind.Watch:
                Watch!.Write(writer);
                break;
            case AnswerKind.Ingest:
                writer.Write(Sequence);
                writer.Write(Taken);
                break;
            case AnswerKind.Outputs:
                Outputs!.Write(writer);
                break;
            case AnswerKind.Session:
                writer.Write((ulong)Incarnation);
                writer.Write(Session);
                break;
            case AnswerKind.Status:
                writer.Write(Leads);
                writer.Write(NodeTerm);
                writer.Write(Applied);
                break;
            default:
                break;
        }
    }

    private static void WriteText(MessagePackWriter writer, string? text)
    {
        if (text is null)
            writer.WriteNil();
        else
            writer.WriteString(text);
    }

    private static void WriteNumber(MessagePackWriter writer, long? number)
    {
        if (number is { } value)
            writer.Write(value);
        else
            writer.WriteNil();
    }
}
