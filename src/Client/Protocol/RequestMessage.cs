using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using RaftStream.Raft.Wire;

namespace RaftStream.Client.Protocol;

/// <summary>What a client asks for. The numbers are part of the protocol and are never given to something else.</summary>
internal enum RequestKind : byte
{
    /// <summary>[1, id, deadline, write, key, delta]</summary>
    Add = 1,

    /// <summary>[2, id, deadline, write, key, expected or nil, value]</summary>
    CompareAndSet = 2,

    /// <summary>[3, id, deadline, write, key]</summary>
    Delete = 3,

    /// <summary>[4, id, deadline, level, key]</summary>
    Get = 4,

    /// <summary>[5, id, deadline, level, limit]</summary>
    Top = 5,

    /// <summary>[6, id, deadline, idle timeout]</summary>
    OpenSession = 6,

    /// <summary>[7, id, deadline, incarnation, session]</summary>
    CloseSession = 7,

    /// <summary>[8, id, deadline, incarnation, index, term]</summary>
    Confirm = 8,

    /// <summary>[9, id, deadline]</summary>
    Status = 9,

    /// <summary>[10, id, deadline, write, key, value]</summary>
    Max = 10,

    /// <summary>[11, id, deadline, level, [key, key ...]]</summary>
    GetMany = 11,

    /// <summary>[12, id, deadline, level, from, to]</summary>
    RangeSum = 12,

    /// <summary>[13, id, deadline, wait, filter, key or prefix, from or nil]: <see cref="WatchTerms"/></summary>
    Watch = 13,

    /// <summary>[14, id, deadline, job, source, producer, first sequence, [line, line ...]]: <see cref="IngestTerms"/></summary>
    Ingest = 14,

    /// <summary>[15, id, deadline, wait, job, sink, from]: <see cref="SubscribeTerms"/></summary>
    Subscribe = 15,
}

/// <summary>The session and number under which a write is applied once: [incarnation, session, sequence, acknowledged].</summary>
/// <param name="Incarnation">Which life of the cluster.</param>
/// <param name="Session">The session; 0 for a write of none.</param>
/// <param name="Sequence">The write's number, from 1.</param>
/// <param name="Acknowledged">The client has the answers up to here: 0 to <paramref name="Sequence"/> - 1.</param>
internal readonly record struct SessionNumber(uint Incarnation, long Session, long Sequence, long Acknowledged);

/// <summary>The level of a read: [kind], [2, max age in ms] or [3, incarnation, index].</summary>
internal readonly record struct LevelTerms(ConsistencyLevel Kind, long MaxAgeMs = 0, ReadToken Token = default);

/// <summary>A request, with the fields of its kind.</summary>
internal readonly record struct RequestMessage(RequestKind Kind)
{
    /// <summary>The longest key in bytes of UTF-8.</summary>
    public const int MaxKeyBytes = 4_096;

    /// <summary>The most rows of a top list.</summary>
    public const int MaxTop = 10_000;

    /// <summary>The most keys of one read.</summary>
    public const int MaxKeys = 1_000;

    /// <summary>What the keys of one read may take together, each with <see cref="KeyOverhead"/>: then the request is no larger than one may be.</summary>
    public const int MaxKeysBytes = 16_000;

    /// <summary>What a key takes beyond its bytes, at the most.</summary>
    public const int KeyOverhead = 3;

    /// <summary>The longest time that a request may take, in milliseconds.</summary>
    public const long MaxDeadlineMs = 600_000;

    /// <summary>Chosen by the client; the answer has the same. 1 to 2^63 - 1.</summary>
    public long Id { get; init; }

    /// <summary>How long the node may take, in milliseconds: 1 to 600,000.</summary>
    public long DeadlineMs { get; init; }

    /// <summary>Of a write without a session: what must hold it.</summary>
    public ClientWriteConcern Concern { get; init; }

    /// <summary>Of a write in a session, and of closing it.</summary>
    public SessionNumber Session { get; init; }

    /// <summary>Of a read.</summary>
    public LevelTerms Level { get; init; }

    /// <summary>The counter, 1 to 4,096 bytes of UTF-8; empty for what is about none.</summary>
    public string Key { get; init; } = "";

    /// <summary>What is added.</summary>
    public long Delta { get; init; }

    /// <summary>What the counter must be; null: it must not exist.</summary>
    public long? Expected { get; init; }

    /// <summary>What it becomes; of a maximum: at least.</summary>
    public long Value { get; init; }

    /// <summary>Of a read of several counters: which.</summary>
    public IReadOnlyList<string> Keys { get; init; } = [];

    /// <summary>Of a sum: the first key of the range.</summary>
    public long From { get; init; }

    /// <summary>Of a sum: the last key of the range.</summary>
    public long To { get; init; }

    /// <summary>Of a watch: everything but the head; else null.</summary>
    public WatchTerms? Watch { get; init; }

    /// <summary>Of lines that a producer hands in: everything but the head; else null.</summary>
    public IngestTerms? Ingest { get; init; }

    /// <summary>Of a question for outputs: everything but the head; else null.</summary>
    public SubscribeTerms? Subscribe { get; init; }

    /// <summary>How many rows.</summary>
    public int Limit { get; init; }

    /// <summary>After so many milliseconds of log time without an entry of it a session ends: 1 to 30 days.</summary>
    public long IdleTimeoutMs { get; init; }

    /// <summary>The provisional write that is asked about.</summary>
    public WritePosition Position { get; init; }

    /// <summary>Whether it changes the store, so that doing it twice is not the same as once.</summary>
    public bool IsWrite => Kind is RequestKind.Add or RequestKind.CompareAndSet or RequestKind.Delete or RequestKind.Max;

    /// <summary>Writes the body of its frame.</summary>
    public void Write(IBufferWriter<byte> output)
    {
        var writer = new MessagePackWriter(output);
        writer.WriteArrayHeader(CountOf(Kind));
        writer.Write((ulong)Kind);
        writer.Write(Id);
        writer.Write(DeadlineMs);
        switch (Kind)
        {
            case RequestKind.Add or RequestKind.CompareAndSet or RequestKind.Delete or RequestKind.Max:
                WriteWrite(writer);
                break;
            case RequestKind.Get:
                WriteLevel(writer);
                writer.WriteString(Key);
                break;
            case RequestKind.Top:
                WriteLevel(writer);
                writer.Write(Limit);
                break;
            case RequestKind.GetMany:
                WriteLevel(writer);
                writer.WriteArrayHeader(Keys.Count);
                foreach (var key in Keys)
                    writer.WriteString(key);
                break;
            case RequestKind.RangeSum:
                WriteLevel(writer);
                writer.Write(From);
                writer.Write(To);
                break;
            case RequestKind.Watch:
                Watch!.Write(writer);
                break;
            case RequestKind.Ingest:
                Ingest!.Write(writer);
                break;
            case RequestKind.Subscribe:
                Subscribe!.Write(writer);
                break;
            case RequestKind.OpenSession:
                writer.Write(IdleTimeoutMs);
                break;
            case RequestKind.CloseSession:
                writer.Write((ulong)Session.Incarnation);
                writer.Write(Session.Session);
                break;
            case RequestKind.Confirm:
                writer.Write((ulong)Position.Incarnation);
                writer.Write(Position.Index);
                writer.Write(Position.Term);
                break;
            default:
                break;
        }
    }

    /// <summary>
    /// Reads a body that nobody vouches for. False: <paramref name="problem"/> says what is wrong; the id is set as far as it could be read. Nothing is thrown for any bytes.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> body, out RequestMessage request, [NotNullWhen(false)] out string? problem) =>
        RequestReader.TryRead(body, out request, out problem);

    /// <summary>Whether a request of that kind changes nothing, so that one without an answer is as if it had not been asked.</summary>
    public static bool ChangesNothing(RequestKind kind) =>
        kind is RequestKind.Get or RequestKind.GetMany or RequestKind.RangeSum or RequestKind.Top or RequestKind.Watch or RequestKind.Subscribe or RequestKind.Status;

    /// <summary>How many values a request of that kind has; 0 where there is no such kind.</summary>
    public static int CountOf(RequestKind kind) => kind switch
    {
        RequestKind.Ingest => 8,
        RequestKind.CompareAndSet or RequestKind.Watch or RequestKind.Subscribe => 7,
        RequestKind.Add or RequestKind.Max or RequestKind.RangeSum or RequestKind.Confirm => 6,
        RequestKind.Delete or RequestKind.Get or RequestKind.GetMany or RequestKind.Top or RequestKind.CloseSession => 5,
        RequestKind.OpenSession => 4,
        RequestKind.Status => 3,
        _ => 0,
    };

    private void WriteWrite(MessagePackWriter writer)
    {
        if (Session.Session == 0)
        {
            writer.Write((ulong)Concern);
        }
        else
        {
            writer.WriteArrayHeader(4);
            writer.Write((ulong)Session.Incarnation);
            writer.Write(Session.Session);
            writer.Write(Session.Sequence);
            writer.Write(Session.Acknowledged);
        }

        writer.WriteString(Key);
        if (Kind == RequestKind.Add)
            writer.Write(Delta);
        if (Kind == RequestKind.CompareAndSet && Expected is { } expected)
            writer.Write(expected);
        else if (Kind == RequestKind.CompareAndSet)
            writer.WriteNil();
        if (Kind is RequestKind.CompareAndSet or RequestKind.Max)
            writer.Write(Value);
    }

    private void WriteLevel(MessagePackWriter writer)
    {
        writer.WriteArrayHeader(Level.Kind switch { ConsistencyLevel.BoundedStaleness => 2, ConsistencyLevel.Session => 3, _ => 1 });
        writer.Write((ulong)Level.Kind);
        if (Level.Kind == ConsistencyLevel.BoundedStaleness)
            writer.Write(Level.MaxAgeMs);
        if (Level.Kind != ConsistencyLevel.Session)
            return;
        writer.Write((ulong)Level.Token.Incarnation);
        writer.Write(Level.Token.Index);
    }
}
