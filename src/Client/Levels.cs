using System.Globalization;

namespace RaftStream.Client;

/// <summary>The level at which a request was asked for, or served. The numbers are part of the client protocol.</summary>
public enum ConsistencyLevel : byte
{
    /// <summary>A read in real-time order, behind a round of the leader. The default.</summary>
    Linearizable = 0,

    /// <summary>A read in real-time order from the leader without a round, while each clock keeps its rate within the drift bound.</summary>
    Lease = 1,

    /// <summary>A read from any replica that can prove how old its state is at the most.</summary>
    BoundedStaleness = 2,

    /// <summary>A read from any replica, once it has applied what the token stands for.</summary>
    Session = 3,

    /// <summary>A read of some prefix of the log.</summary>
    Eventual = 4,

    /// <summary>An eventual read with what waits in the node's own outbox laid over it.</summary>
    Tentative = 5,

    /// <summary>A write that a quorum holds.</summary>
    Quorum = 16,

    /// <summary>A write that the leader's disk holds.</summary>
    Leader = 17,

    /// <summary>A write that the disk of the node holds which was asked.</summary>
    Available = 18,
}

/// <summary>What must hold a write before it is answered.</summary>
public enum ClientWriteConcern : byte
{
    /// <summary>A quorum's disks, and it is executed. Never lost. The default.</summary>
    Quorum = 0,

    /// <summary>The leader's disk: the answer is <see cref="ClientOutcome.Provisional"/>, without a value and without a token.</summary>
    Leader = 1,

    /// <summary>
    /// The disk of one node, whoever leads and whether or not it hears anybody: the answer is <see cref="ClientOutcome.Accepted"/>, without a value and without a token. The
    /// nearest node that takes it; the next ones, and <see cref="ReadLevel.Tentative"/> reads, go there, too, while it can be reached. For adding and raising only.
    /// </summary>
    Available = 2,
}

/// <summary>
/// What a client has seen of the cluster: a place in the log and the incarnation of the cluster in whose log it is. A session read with it comes after the
/// answer that carried it. Its text, such as <c>0@57</c>, is that of the HTTP interface.
/// </summary>
/// <param name="Incarnation">Which life of the cluster.</param>
/// <param name="Index">The log index, from 0.</param>
public readonly record struct ReadToken(uint Incarnation, long Index) : IComparable<ReadToken>
{
    /// <summary>Reads the text that <see cref="ToString"/> makes.</summary>
    public static bool TryParse(string text, out ReadToken token)
    {
        ArgumentNullException.ThrowIfNull(text);
        var sign = text.IndexOf('@', StringComparison.Ordinal);
        token = default;
        if (sign < 0
            || !uint.TryParse(text.AsSpan(0, sign), NumberStyles.None, CultureInfo.InvariantCulture, out var incarnation)
            || !long.TryParse(text.AsSpan(sign + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var index))
            return false;
        token = new(incarnation, index);
        return true;
    }

    /// <summary>The one that covers more: of a later incarnation, or of the same one and a higher index.</summary>
    public int CompareTo(ReadToken other) => Incarnation == other.Incarnation ? Index.CompareTo(other.Index) : Incarnation.CompareTo(other.Incarnation);

    /// <summary>Covers less.</summary>
    public static bool operator <(ReadToken left, ReadToken right) => left.CompareTo(right) < 0;

    /// <summary>Covers more.</summary>
    public static bool operator >(ReadToken left, ReadToken right) => left.CompareTo(right) > 0;

    /// <summary>Covers no more.</summary>
    public static bool operator <=(ReadToken left, ReadToken right) => left.CompareTo(right) <= 0;

    /// <summary>Covers no less.</summary>
    public static bool operator >=(ReadToken left, ReadToken right) => left.CompareTo(right) >= 0;

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Incarnation}@{Index}");
}

/// <summary>
/// Where the leader put a provisional write: what <see cref="RaftStreamClient.ConfirmAsync"/> asks about. It is no <see cref="ReadToken"/>: what it stands for
/// may never be. Its text, such as <c>0@57.3</c>, is that of the HTTP interface.
/// </summary>
/// <param name="Incarnation">Which life of the cluster.</param>
/// <param name="Index">The log index, from 1.</param>
/// <param name="Term">The term, from 1.</param>
public readonly record struct WritePosition(uint Incarnation, long Index, long Term)
{
    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Incarnation}@{Index}.{Term}");
}

/// <summary>Where an accepted write stands: in which node's outbox, and where in it. Nobody can be asked about it; it is for people and logs.</summary>
/// <param name="Node">The node that accepted it.</param>
/// <param name="Epoch">The number of the outbox's epoch, from 1.</param>
/// <param name="Sequence">The write's number in it, from 1.</param>
public readonly record struct OutboxPosition(int Node, long Epoch, long Sequence);

/// <summary>What a read may rely on. Each level is served exactly or refused with a reason; none is weakened in silence.</summary>
public readonly record struct ReadLevel
{
    /// <summary>The longest age that may be asked for.</summary>
    public static readonly TimeSpan MaxStaleness = TimeSpan.FromDays(1);

    private ReadLevel(ConsistencyLevel kind, TimeSpan maxAge, ReadToken? token) => (Kind, MaxAge, Token) = (kind, maxAge, token);

    /// <summary>Real-time order; asks the leader. The default.</summary>
    public static ReadLevel Linearizable => default;

    /// <summary>Real-time order from the leader without a round.</summary>
    public static ReadLevel Lease => new(ConsistencyLevel.Lease, default, null);

    /// <summary>Some prefix of the log, from the nearest node.</summary>
    public static ReadLevel Eventual => new(ConsistencyLevel.Eventual, default, null);

    /// <summary>
    /// As <see cref="Eventual"/>, with what waits in the outbox of the node that serves it laid over it, each accepted write exactly once;
    /// <see cref="CounterResult.IsTentative"/> says whether anything does. It goes to the node that last accepted a write of this client, and only while that cannot be reached to the
    /// nearest one, which knows nothing of other outboxes: <see cref="AnswerStamp.Node"/> tells. For <see cref="RaftStreamClient.GetAsync"/> only.
    /// </summary>
    public static ReadLevel Tentative => new(ConsistencyLevel.Tentative, default, null);

    /// <summary>
    /// From the nearest node that has applied all that this client has seen so far, by its answers to reads and to quorum writes: read your writes,
    /// monotonic reads. The client carries the token itself.
    /// </summary>
    public static ReadLevel ReadYourWrites => new(ConsistencyLevel.Session, default, null);

    /// <summary>Which level.</summary>
    public ConsistencyLevel Kind { get; }

    /// <summary>For bounded staleness: how old the answer may be.</summary>
    public TimeSpan MaxAge { get; }

    /// <summary>For a session read: what must have been applied; null for all that the client has seen.</summary>
    public ReadToken? Token { get; }

    /// <summary>From the nearest node that can prove that its state lacks nothing that was acknowledged longer ago than this: 1 ms to a day, in whole milliseconds.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The age is out of range.</exception>
    public static ReadLevel BoundedStaleness(TimeSpan maxAge)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxAge, TimeSpan.FromMilliseconds(1));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxAge, MaxStaleness);
        return new(ConsistencyLevel.BoundedStaleness, maxAge, null);
    }

    /// <summary>From the nearest node that has applied what a token stands for.</summary>
    public static ReadLevel Session(ReadToken token) => new(ConsistencyLevel.Session, default, token);
}

/// <summary>How one read is made.</summary>
/// <param name="Level">What it may rely on.</param>
/// <param name="Timeout">How long it may take in all; null for <see cref="RaftStreamClientOptions.RequestTimeout"/>.</param>
public readonly record struct ReadOptions(ReadLevel Level, TimeSpan? Timeout = null);

/// <summary>How one write is made.</summary>
/// <param name="Concern">What must hold it before it is answered.</param>
/// <param name="Timeout">How long it may take in all; null for <see cref="RaftStreamClientOptions.RequestTimeout"/>.</param>
public readonly record struct WriteOptions(ClientWriteConcern Concern, TimeSpan? Timeout = null);
