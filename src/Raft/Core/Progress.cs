namespace RaftStream.Raft.Core;

/// <summary>How a leader sends entries to one peer.</summary>
internal enum ProgressState : byte
{
    /// <summary>Where the logs meet is not known: one append at a time.</summary>
    Probe = 0,

    /// <summary>The logs meet: appends follow each other without waiting, up to the window.</summary>
    Replicate = 1,

    /// <summary>The entries it needs are compacted away: it fetches a snapshot, and only heartbeats go out meanwhile.</summary>
    Snapshot = 2,
}

/// <summary>
/// What a leader knows of one peer's log (nextIndex and matchIndex of dissertation figure 3.1, the pipeline of 10.2.1).
/// </summary>
/// <remarks>Kept true: <see cref="Match"/> never goes back within a term, and <see cref="Match"/> &lt; <see cref="Next"/>.</remarks>
internal sealed class Progress
{
    private readonly Sent[] _ring;
    private int _start;
    private int _count;

    public Progress(int window) => _ring = new Sent[window];

    /// <summary>Whose log it is about.</summary>
    public NodeId Id { get; set; }

    public ProgressState State { get; private set; }

    /// <summary>The peer holds our log on disk up to here.</summary>
    public LogIndex Match { get; private set; }

    /// <summary>The next entry to send.</summary>
    public LogIndex Next { get; private set; }

    /// <summary>The newest round that the peer answered.</summary>
    public long AnsweredRound { get; private set; }

    /// <summary>When that round was sent, or earlier.</summary>
    public Instant AnsweredSentAt { get; private set; }

    /// <summary>The data folder that the peer spoke of in this term; 0 until it spoke.</summary>
    public ulong Disk { get; private set; }

    /// <summary>What the peer may be told of its freshness.</summary>
    public FreshnessEcho Echo { get; } = new();

    /// <summary>How fast the peer takes entries in.</summary>
    public IntakeRate Intake { get; } = new();

    /// <summary>When the peer last answered anything of this term.</summary>
    public Instant LastContact { get; private set; }

    /// <summary>Since when something that was sent is unanswered, or since when the unanswered rest made no progress.</summary>
    public Instant WaitingSince { get; private set; }

    /// <summary>Whether an answer to entries, a probe or a snapshot offer is awaited.</summary>
    public bool IsWaiting { get; private set; }

    /// <summary>The snapshot on offer; meaningful in <see cref="ProgressState.Snapshot"/>.</summary>
    public LogIndex Offered { get; private set; }

    public int InflightAppends => _count;

    public int InflightBytes { get; private set; }

    /// <summary>A new leader knows nothing of its peers and supposes that they hold what it holds.</summary>
    public void Start(LogIndex last, Instant now)
    {
        (Match, Next, AnsweredRound, LastContact, AnsweredSentAt, Disk) = (LogIndex.Zero, last.Next, 0, now, default, 0);
        Echo.Reset();
        Intake.Reset(now);
        Probe(last.Next);
    }

    /// <summary>Goes back to one append at a time, from <paramref name="next"/> on.</summary>
    public void Probe(LogIndex next)
    {
        Invariant.Check(next > Match, "what a peer holds is not sent again");
        (State, Next, IsWaiting) = (ProgressState.Probe, next, false);
        Forget();
    }

    /// <summary>The peer must fetch the snapshot at <paramref name="offered"/> first.</summary>
    public void AwaitSnapshot(LogIndex offered, Instant now)
    {
        (State, Offered, IsWaiting, WaitingSince) = (ProgressState.Snapshot, offered, true, now);
        Forget();
    }

    /// <summary>An append with entries up to <paramref name="last"/> was sent.</summary>
    public void SentEntries(LogIndex last, int bytes, Instant now)
    {
        if (!IsWaiting)
            (IsWaiting, WaitingSince) = (true, now);
        if (State != ProgressState.Replicate)
            return;
        Invariant.Check(_count < _ring.Length, "the window is not overrun");
        _ring[(_start + _count++) % _ring.Length] = new(last, bytes);
        InflightBytes += bytes;
        Next = last.Next;
    }

    /// <summary>The peer answered something of this term.</summary>
    public void Answered(long round, Instant sentAt, ulong disk, Instant now)
    {
        // Round 0 is no round: who answers it heard a leader of an earlier term, and promised us nothing.
        if (round > 0 && round >= AnsweredRound)
            (AnsweredRound, AnsweredSentAt) = (round, sentAt);
        (LastContact, Disk) = (now, disk);
    }

    /// <summary>The peer holds the log up to <paramref name="match"/>. True: that is more than was known.</summary>
    public bool Matched(LogIndex match, LogIndex logBase, Instant now)
    {
        var advanced = match > Match;
        if (advanced)
        {
            Match = match;
            Next = LogIndex.Max(Next, match.Next);
            WaitingSince = now;
        }

        while (_count > 0 && _ring[_start].Last <= Match)
        {
            InflightBytes -= _ring[_start].Bytes;
            _start = (_start + 1) % _ring.Length;
            _count--;
        }

        var meets = State switch
        {
            ProgressState.Probe => match >= Next.Previous,
            ProgressState.Snapshot => Match >= logBase,
            _ => false,
        };
        if (meets)
        {
            State = ProgressState.Replicate;
            Next = Match.Next;
        }

        if (State == ProgressState.Replicate && _count == 0)
            IsWaiting = false;
        return advanced;
    }

    public void CopyTo(Progress other)
    {
        (other.State, other.Match, other.Next, other.AnsweredRound) = (State, Match, Next, AnsweredRound);
        (other.LastContact, other.WaitingSince, other.IsWaiting, other.Offered) = (LastContact, WaitingSince, IsWaiting, Offered);
        (other.AnsweredSentAt, other.Disk) = (AnsweredSentAt, Disk);
        Echo.CopyTo(other.Echo);
        Intake.CopyTo(other.Intake);
        (other._start, other._count, other.InflightBytes) = (0, _count, InflightBytes);
        for (var i = 0; i < _count; i++)
            other._ring[i] = _ring[(_start + i) % _ring.Length];
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add((long)State);
        fingerprint.Add(Match.Value);
        fingerprint.Add(Next.Value);
        fingerprint.Add(AnsweredRound);
        fingerprint.Add((long)Disk);
        fingerprint.Add(IsWaiting ? 1 : 0);
        fingerprint.Add(State == ProgressState.Snapshot ? Offered.Value : 0);
        for (var i = 0; i < _count; i++)
            fingerprint.Add(_ring[(_start + i) % _ring.Length].Last.Value);
        fingerprint.Add(_count);
    }

    private void Forget() => (_start, _count, InflightBytes) = (0, 0, 0);

    private readonly record struct Sent(LogIndex Last, int Bytes);
}
