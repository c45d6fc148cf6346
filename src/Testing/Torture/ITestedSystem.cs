namespace RaftStream.Testing;

/// <summary>
/// A replicated system that the lab torments: how its nodes are started and how clients talk to it. Where its nodes run, how they reach each
/// other and what befalls them is not its business.
/// </summary>
public interface ITestedSystem
{
    /// <summary>Its name in reports.</summary>
    string Name { get; }

    /// <summary>The names of the ports that nodes dial at each other.</summary>
    IReadOnlyList<string> PeerPorts { get; }

    /// <summary>The names of the ports that clients dial; <see cref="Connect"/> is given the first.</summary>
    IReadOnlyList<string> ClientPorts { get; }

    /// <summary>What a client can be asked for.</summary>
    IReadOnlySet<OperationFunction> Functions { get; }

    /// <summary>Whether calls may be commands of a session (<see cref="ClientCall.Session"/>); if not told otherwise, they may not.</summary>
    bool HasSessions => false;

    /// <summary>
    /// The levels of reads there are beside the strongest, for <see cref="ClientCall.Level"/>; if not told otherwise none. What a level promises
    /// follows from its text: <c>lease</c> is linearizable while clocks keep their rates, <c>bounded:500</c> at most 500 ms old, <c>session</c> not
    /// before anything that the same <see cref="ClientCall.Client"/> was told earlier, at whichever level and through whichever node; anything else, and
    /// these too, some state that there was. An age that an answer admits (<see cref="ClientAnswer.AgeMs"/>) must be no less than the truth at any level.
    /// </summary>
    IReadOnlyList<string> ReadLevels => [];

    /// <summary>
    /// The concerns of writes there are beside the strongest, for <see cref="ClientCall.Concern"/>; if not told otherwise none. An add under <c>leader</c> is answered as
    /// unknown with <see cref="ClientAnswer.Pending"/>, and its fate is told when it is asked for. An add under <c>available</c> is answered by the node that is asked, with
    /// <see cref="ClientAnswer.Accepted"/>, once that node's disk holds it; whoever has it serves the level <c>tentative</c> of reads, too: what waits at the node that is asked counts in them.
    /// </summary>
    IReadOnlyList<string> WriteConcerns => [];

    /// <summary>
    /// Whether its nodes check the bytes that they send each other, so that ways between them may be spoilt; if not told otherwise, they do not, and
    /// a bit turned over on the way may be another command.
    /// </summary>
    bool ChecksBytes => false;

    /// <summary>What to run for a node, the first time and each time after it.</summary>
    NodeProgram ProgramOf(NodeSite site);

    /// <summary>A client that speaks to one node, at host:port; used by one caller at a time.</summary>
    ISystemClient Connect(string address);

    /// <summary>Where a node stands, asked at host:port; null if it does not say.</summary>
    Task<NodeView?> LookAsync(string address, CancellationToken cancellationToken);
}

/// <summary>A client of a tested system.</summary>
public interface ISystemClient : IAsyncDisposable
{
    /// <summary>
    /// Does one call and never throws for a system that is down or answers badly: only an answer that certainly means "not done, and never will be"
    /// is <see cref="AnswerKind.Failed"/>, and whatever leaves doubt is <see cref="AnswerKind.Unknown"/>.
    /// </summary>
    Task<ClientAnswer> DoAsync(ClientCall call, CancellationToken deadline);
}

/// <summary>
/// What a client asks for. A key that nothing was done to is null for reads and the old value of a compare-and-set, and 0 for adds.
/// </summary>
/// <param name="Key">Of which object.</param>
/// <param name="Function">What.</param>
/// <param name="Argument">With which argument, as <see cref="OperationFunction"/> says.</param>
public readonly record struct ClientCall(string Key, OperationFunction Function, HistoryValue Argument = default)
{
    /// <summary>
    /// Null for a call that is sent once. Else the call is one command of a session of this name, to be sent again, through any client with that
    /// session, until the answer is known: it takes effect once.
    /// </summary>
    public string? Session { get; init; }

    /// <summary>With <see cref="Session"/>: the command's number in it, from 1; a repetition has the same.</summary>
    public long Sequence { get; init; }

    /// <summary>How fresh a read must be; null for the strongest there is.</summary>
    public string? Level { get; init; }

    /// <summary>What must hold a write before it is answered; null for the strongest there is.</summary>
    public string? Concern { get; init; }

    /// <summary>
    /// Null for a call that does something. Else the call only asks what became of an earlier one that was answered with this as <see cref="ClientAnswer.Pending"/>:
    /// ok if it is done, failed if it certainly never will be.
    /// </summary>
    public string? Confirm { get; init; }

    /// <summary>
    /// Who asks: the same number for all calls of one client of the lab, which moves from node to node; 0 for nobody in particular. A read of the level
    /// <c>session</c> comes after whatever was answered under that number.
    /// </summary>
    public long Client { get; init; }
}

/// <summary>How a call ended.</summary>
public enum AnswerKind
{
    /// <summary>Done.</summary>
    Ok = 0,

    /// <summary>Certainly not done, and never will be.</summary>
    Failed = 1,

    /// <summary>Nobody knows.</summary>
    Unknown = 2,
}

/// <summary>What a client was answered.</summary>
/// <param name="Kind">How the call ended.</param>
/// <param name="Result">The value read, or after an add; null where the answer tells none.</param>
public readonly record struct ClientAnswer(AnswerKind Kind, HistoryValue? Result = null)
{
    /// <summary>The place of the answer in the order of all that the system did, where it tells one; else 0.</summary>
    public long Index { get; init; }

    /// <summary>With <see cref="AnswerKind.Unknown"/>: by what one can ask later, with <see cref="ClientCall.Confirm"/>, what became of the call; null where that cannot be asked.</summary>
    public string? Pending { get; init; }

    /// <summary>The age in milliseconds that the system admits for what was read, where it tells one.</summary>
    public long? AgeMs { get; init; }

    /// <summary>Of a write under <c>available</c>: its place among all that its node accepted; null where none is told.</summary>
    public AcceptedPlace? Accepted { get; init; }

    /// <summary>Of a read of the level <c>tentative</c>: whether anything that its node accepted is not in the log yet, as far as that node knows; null where that is not told.</summary>
    public bool? IsTentative { get; init; }
}

/// <summary>The place of a write among all that its node accepted: later ones have later places, and no two have one.</summary>
/// <param name="Node">Who accepted it.</param>
/// <param name="Epoch">In which stretch of that node's life.</param>
/// <param name="Sequence">Which in it, from 1.</param>
public readonly record struct AcceptedPlace(int Node, long Epoch, long Sequence)
{
    /// <summary>Whether it was accepted before another one of the same node.</summary>
    public bool IsBefore(AcceptedPlace other) => Epoch < other.Epoch || (Epoch == other.Epoch && Sequence < other.Sequence);
}

/// <summary>Where a node stands, by its own account.</summary>
/// <param name="IsLeader">Whether it leads.</param>
/// <param name="Term">The term, or whatever counts leaderships.</param>
/// <param name="Commit">How far it knows the log committed.</param>
/// <param name="Applied">How far it has applied it.</param>
/// <param name="StateHash">Says whether two states at one index are equal; empty where there is none.</param>
public sealed record NodeView(bool IsLeader, long Term, long Commit, long Applied, string StateHash)
{
    /// <summary>The ids of the voters by this node's account, where it tells them.</summary>
    public IReadOnlyList<int> Voters { get; init; } = [];

    /// <summary>How many writes that this node accepted it does not know to be in the log; null where that is not told.</summary>
    public long? AcceptedWaiting { get; init; }

    /// <summary>How many writes that this node accepted never will be in the log, by its own account; null where that is not told.</summary>
    public long? AcceptedLost { get; init; }
}
