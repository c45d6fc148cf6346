namespace RaftStream.Raft.Core;

/// <summary>Why a core will do nothing more.</summary>
internal enum CoreFault : byte
{
    /// <summary>It is well.</summary>
    None = 0,

    /// <summary>The disk refused a write or a sync.</summary>
    LogFailed = 1,

    /// <summary>The leader knows this node to hold entries that its log does not have: acknowledged entries were lost.</summary>
    AcknowledgedEntriesLost = 2,

    /// <summary>A peer's message contradicts what is committed here: another cluster's history under our cluster's name.</summary>
    ContradictsCommitted = 3,

    /// <summary>This node was removed from the cluster.</summary>
    Removed = 4,

    /// <summary>The cluster knows this node with another data folder: what it had promised there is lost.</summary>
    OtherDisk = 5,
}

/// <summary>
/// What one input asks the runtime to do. Owned by the core and reused: drain it before the next input.
/// </summary>
/// <remarks>
/// The parts that go to disk (hard state, truncation, entries, snapshot install) are one write with one
/// <see cref="WriteSequence"/>, answered by <see cref="RaftCore.LogDurable"/>.
/// </remarks>
internal sealed class CoreOutput
{
    private Outgoing[] _messages = new Outgoing[16];
    private ReadyRead[] _ready = new ReadyRead[16];
    private long[] _failed = new long[16];
    private int _messageCount;
    private int _readyCount;
    private int _failedCount;

    /// <summary>The sequence of this output's write; 0 if nothing goes to disk.</summary>
    public long WriteSequence { get; private set; }

    /// <summary>The hard state to write, or null if it did not change.</summary>
    public HardState? HardState { get; private set; }

    /// <summary>Entries to append: the first index. An index that the log already held means that it and all behind it are replaced.</summary>
    public LogIndex AppendFirst { get; private set; }

    /// <summary>Entries to append: how many; 0 for none.</summary>
    public int AppendCount { get; private set; }

    /// <summary>
    /// Whether the entry to append is one that the leader makes itself, whose record the runtime writes: its opening entry, or
    /// <see cref="Configuration"/>. Otherwise the records are those of the input under way (the message's or the proposals').
    /// </summary>
    public bool AppendIsOwn { get; private set; }

    /// <summary>The configuration to append, where the own entry is one.</summary>
    public Configuration? Configuration { get; private set; }

    /// <summary>The first index that the log held and drops, or zero: the same place as <see cref="AppendFirst"/>.</summary>
    public LogIndex TruncatedFrom { get; private set; }

    /// <summary>A received snapshot to install in place of the whole log, or zero.</summary>
    public LogPosition Install { get; private set; }

    /// <summary>A snapshot to fetch from <see cref="FetchFrom"/>, or zero.</summary>
    public LogPosition Fetch { get; private set; }

    /// <summary>Who holds the snapshot to fetch.</summary>
    public NodeId FetchFrom { get; private set; }

    /// <summary>Entries up to here are committed and durable here, and may be applied.</summary>
    public LogIndex ApplyTo { get; internal set; }

    /// <summary>When the core wants its next <see cref="RaftCore.Tick"/>.</summary>
    public Instant NextDeadline { get; internal set; }

    /// <summary>Why the core halted, if it did.</summary>
    public CoreFault Fault { get; internal set; }

    /// <summary>Messages to send, in order.</summary>
    public ReadOnlySpan<Outgoing> Messages => _messages.AsSpan(0, _messageCount);

    /// <summary>Reads whose round is confirmed.</summary>
    public ReadOnlySpan<ReadyRead> ReadsReady => _ready.AsSpan(0, _readyCount);

    /// <summary>Reads that cannot be answered because leadership was lost.</summary>
    public ReadOnlySpan<long> ReadsFailed => _failed.AsSpan(0, _failedCount);

    /// <summary>The data folder's number, which every message tells.</summary>
    internal ulong Disk { get; init; }

    internal bool HasWrite => HardState is not null || AppendCount > 0 || Install != LogPosition.Zero;

    internal void Clear()
    {
        (_messageCount, _readyCount, _failedCount) = (0, 0, 0);
        (WriteSequence, HardState, AppendFirst, AppendCount, AppendIsOwn, Configuration) = (0, null, default, 0, false, null);
        (TruncatedFrom, Install, Fetch, FetchFrom) = (default, default, default, default);
    }

    internal void Send(in Message message, long afterSequence)
    {
        if (_messageCount == _messages.Length)
            Array.Resize(ref _messages, _messages.Length * 2);
        _messages[_messageCount++] = new(message with { Disk = Disk }, afterSequence);
    }

    internal void Ready(long id, LogIndex index)
    {
        if (_readyCount == _ready.Length)
            Array.Resize(ref _ready, _ready.Length * 2);
        _ready[_readyCount++] = new(id, index);
    }

    internal void Fail(long id)
    {
        if (_failedCount == _failed.Length)
            Array.Resize(ref _failed, _failed.Length * 2);
        _failed[_failedCount++] = id;
    }

    /// <summary>The sequence of this output's write, reserved on the first call.</summary>
    internal long SequenceOf(PendingWrites writes) => WriteSequence != 0 ? WriteSequence : WriteSequence = writes.Reserve();

    internal void Write(HardState state) => HardState = state;

    /// <summary>Entries of the input under way.</summary>
    internal void Append(LogIndex first, int count)
    {
        Invariant.Check(AppendCount == 0, "an input appends once");
        (AppendFirst, AppendCount) = (first, count);
    }

    /// <summary>An entry of the leader's own: a configuration, or the one that opens its term.</summary>
    internal void AppendOwn(LogIndex index, Configuration? configuration)
    {
        Append(index, 1);
        (AppendIsOwn, Configuration) = (true, configuration);
    }

    internal void Truncate(LogIndex from) => TruncatedFrom = from;

    internal void InstallSnapshot(LogPosition position) => Install = position;

    internal void FetchSnapshot(LogPosition position, NodeId from) => (Fetch, FetchFrom) = (position, from);
}
