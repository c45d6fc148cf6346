namespace RaftStream.Raft.Core;

/// <summary>What cores say to each other.</summary>
internal enum MessageKind : byte
{
    /// <summary>"Would you vote for me in the term after mine?" (dissertation 9.6)</summary>
    PreVote = 1,

    /// <summary>The answer to a pre-vote. Promises nothing.</summary>
    PreVoteReply = 2,

    /// <summary>"Vote for me." (RequestVote, dissertation 3.4)</summary>
    Vote = 3,

    /// <summary>The answer to a vote request.</summary>
    VoteReply = 4,

    /// <summary>Entries, or none as a heartbeat (AppendEntries, dissertation 3.5).</summary>
    Append = 5,

    /// <summary>The answer to an append, and to a snapshot once it is installed.</summary>
    AppendReply = 6,

    /// <summary>"The entries you need are compacted away; fetch the snapshot at this position from me." (stands for InstallSnapshot, dissertation 5.3)</summary>
    SnapshotOffer = 7,

    /// <summary>"Stand for election now": the leader hands leadership over (TimeoutNow, dissertation 3.10).</summary>
    ElectNow = 8,

    /// <summary>"Which index must a linearizable read see?" A follower asks the leader (dissertation 6.4).</summary>
    ReadIndex = 9,

    /// <summary>The answer, once a round that began after the question was confirmed.</summary>
    ReadIndexReply = 10,

    /// <summary>"You are none of us": the sender was removed, or comes with another disk than it joined with.</summary>
    Stranger = 11,
}

/// <summary>
/// One message between cores. A flat value, so that queues of them allocate nothing; what a field means depends on the kind.
/// </summary>
internal readonly record struct Message
{
    /// <summary>What is said.</summary>
    public required MessageKind Kind { get; init; }

    /// <summary>Who says it.</summary>
    public required NodeId From { get; init; }

    /// <summary>To whom.</summary>
    public required NodeId To { get; init; }

    /// <summary>The sender's own term, in every kind; a pre-vote asks about the term after it.</summary>
    public required Term Term { get; init; }

    /// <summary>
    /// PreVote, Vote: the candidate's last entry. Append: the entry just before the ones sent. AppendReply: accepted, the last
    /// entry that the message proved to match (its index); refused, the hint (see <see cref="LogShape.LastNotAbove"/>).
    /// SnapshotOffer: where the snapshot stands. ReadIndexReply: the index to see. Stranger: the index of the configuration that says so.
    /// </summary>
    public LogPosition Position { get; init; }

    /// <summary>Append: the leader's commit index.</summary>
    public LogIndex Commit { get; init; }

    /// <summary>Append: what the leader knows the receiver to hold on disk. AppendReply, refused: the index of the refused <see cref="Position"/>.</summary>
    public LogIndex Match { get; init; }

    /// <summary>Votes and pre-votes: the campaign's number. Append and its reply: the leader's round. ReadIndex and its reply: the question's number.</summary>
    public long Round { get; init; }

    /// <summary>Append: how many entries follow.</summary>
    public int Count { get; init; }

    /// <summary>Replies: yes or no. Stranger: yes means removed, no means another disk.</summary>
    public bool Accepted { get; init; }

    /// <summary>Vote: the leader asked the candidate to stand, so that nobody needs to protect it.</summary>
    public bool ByTransfer { get; init; }

    /// <summary>The random number of the sender's data folder, in every kind.</summary>
    public ulong Disk { get; init; }

    /// <summary>AppendReply: the sender's clock. Append: the receiver's own, told back, see <see cref="Freshness"/>; zero for none.</summary>
    public Instant Clock { get; init; }

    /// <summary>AppendReply: the number of this life of the sender's process. Append: told back with <see cref="Clock"/>.</summary>
    public ulong Life { get; init; }

    /// <summary>Append: what was committed at <see cref="Clock"/>.</summary>
    public LogIndex Echo { get; init; }
}

/// <summary>A message to send, and the write that must be durable first: 0 means now.</summary>
internal readonly record struct Outgoing(Message Message, long AfterSequence);

/// <summary>A read that may be answered once <paramref name="Index"/> is applied.</summary>
internal readonly record struct ReadyRead(long Id, LogIndex Index);
