using Microsoft.Extensions.Options;
using RaftStream.Hosting.Security;

namespace RaftStream.Hosting;

/// <summary>
/// How a replica of the counting store runs inside a program. Only <see cref="Data"/> has to be given: the node is then a cluster of one, durable, to which others
/// can be added later. Judged when the host starts, each refusal in one sentence (<see cref="OptionsValidationException"/>).
/// </summary>
public sealed class RaftStreamOptions
{
    /// <summary>Where a cluster of one is found by those that are added to it later.</summary>
    private const string Alone = "1=127.0.0.1:7101";

    /// <summary>The folder for log and snapshots; made if it is missing, and one process's alone.</summary>
    public string Data { get; set; } = "";

    /// <summary>This node's id, 1 to 65,535, never used again once it was removed.</summary>
    public int Id { get; set; } = 1;

    /// <summary>The members that the cluster begins with, the same on all of them: <c>1=host:port,2=host:port,3=host:port</c>, where the others dial each. With <see cref="Join"/> this node's own.</summary>
    public string Members { get; set; } = Alone;

    /// <summary>Where this node listens for the others, host:port; null for its address in <see cref="Members"/>.</summary>
    public string? Listen { get; set; }

    /// <summary>Whether this node waits until a running cluster adds it (<c>raftstream members add</c>, or <see cref="RaftNode.ChangeMembersAsync"/>).</summary>
    public bool Join { get; set; }

    /// <summary>With <see cref="Join"/>: the incarnation of the cluster, above zero once that was restored or reset.</summary>
    public uint Incarnation { get; set; }

    /// <summary>The cluster's name, the same on all its nodes, so that those of two clusters refuse each other; needed with <see cref="Join"/>. Null: <see cref="Members"/> is its name.</summary>
    public string? ClusterId { get; set; }

    /// <summary>Where the other nodes reach this program's endpoints to pass requests on, http://host:port; null for where its server listens.</summary>
    public string? AdvertiseHttp { get; set; }

    /// <summary>
    /// Where clients of the binary protocol find the port that this program opens for them (<see cref="RaftStreamListen.UseRaftStreamClients"/>), host:port: nodes tell clients where the others are by it. Null: clients go to the
    /// addresses that they were given.
    /// </summary>
    public string? AdvertiseClient { get; set; }

    /// <summary>The shortest time without a leader before an election: 50 ms to 60 s.</summary>
    public TimeSpan ElectionTimeout { get; set; } = TimeSpan.FromMilliseconds(300);

    /// <summary>The time between heartbeats: at most a third of <see cref="ElectionTimeout"/>.</summary>
    public TimeSpan Heartbeat { get; set; } = TimeSpan.FromMilliseconds(50);

    /// <summary>A snapshot is due after so many bytes of log: at least 65,536.</summary>
    public long SnapshotAfterBytes { get; set; } = RaftNodeOptions.DefaultSnapshotAfterBytes;

    /// <summary>The most writes with the concern <see cref="WriteConcern.Available"/> that wait in this node's outbox: 1 to 1,048,576.</summary>
    public int OutboxCommands { get; set; } = RaftNodeOptions.DefaultOutboxCommands;

    /// <summary>The most bytes of them: 64 KiB, what one may take, to 1 GiB.</summary>
    public long OutboxBytes { get; set; } = RaftNodeOptions.DefaultOutboxBytes;

    /// <summary>Certificates for TLS between the nodes; null for connections without.</summary>
    public PeerTlsOptions? PeerTls { get; set; }

    /// <summary>
    /// The file of the tokens by which the endpoints know who asks (<c>raftstream token create</c>), the same on all nodes; read again when it changes. Null, and no authority of clients in
    /// <see cref="ClientTls"/>: everybody may do everything.
    /// </summary>
    public string? TokensFile { get; set; }

    /// <summary>
    /// Certificates of the ports for clients; null for none. The program's own web server is told by the program: here they say which certificates of clients, and of the other nodes' ports, are good.
    /// </summary>
    public ClientTlsOptions? ClientTls { get; set; }

    /// <summary>
    /// The file of a secret that all nodes share (<c>raftstream token secret</c>): with it a node is believed who it passes a request on for. Needed with more than one node where somebody else than the holder of a
    /// token asks: this program itself, or a client with a certificate.
    /// </summary>
    public string? NodeSecretFile { get; set; }

    /// <summary>
    /// Makes the state machine, the same kind on all nodes. With one of one's own, <see cref="RaftStreamReplica"/> takes its commands and queries, and what speaks of counters means nothing.
    /// </summary>
    public Func<IStateMachine> StateMachine { get; set; } = static () => new CountingStore();

    /// <summary>
    /// The stream jobs that run on this cluster, beside the counters: the same ones on all nodes, built by the same program. With them <see cref="StateMachine"/> is left as it is. What they write to files stands in the folder
    /// <c>sinks</c> of <see cref="Data"/>.
    /// </summary>
    public IList<Job> Jobs { get; } = [];

    /// <summary>What this node can carry of the jobs' reading, of processors, in any unit that all nodes share: 1 to 1,000,000.</summary>
    public int CpuWeight { get; set; } = Environment.ProcessorCount;

    /// <summary>The same of memory.</summary>
    public int MemoryWeight { get; set; } = 100;

    /// <summary>Whether this node reads nothing for jobs; what it read goes to others.</summary>
    public bool IsDrained { get; set; }

    /// <exception cref="UsageException">The first thing that is wrong, in one sentence.</exception>
    internal NodeSettings ToSettings()
    {
        if (string.IsNullOrWhiteSpace(Data))
            throw new UsageException($"{nameof(Data)} is missing: name the folder for log and snapshots.");
        if (Id is < 1 or > NodeId.MaxValue)
            throw new UsageException($"{nameof(Id)} is {Id}: an id is a number from 1 to {NodeId.MaxValue}.");
        var members = MemberList.Parse(Members, nameof(Members));
        var id = new NodeId(Id);
        if (!members.TryGetValue(id, out var address))
            throw new UsageException($"{nameof(Members)} does not name node {id}: {nameof(Id)} must be one of {string.Join(", ", members.Keys.Order())}.");
        if (Join && (members.Count > 1 || string.IsNullOrEmpty(ClusterId)))
            throw new UsageException($"With {nameof(Join)}, {nameof(Members)} names this node alone and {nameof(ClusterId)} the cluster, as its nodes have it.");
        if (!Join && Incarnation > 0)
            throw new UsageException($"{nameof(Incarnation)} is for a node that joins a running cluster: set {nameof(Join)} as well, or leave it out.");
        Look();
        var security = new ClientSecurity { TokensFile = TokensFile, Tls = ClientTls, NodeSecretFile = NodeSecretFile };
        if (security.LacksSecret(isAlone: members.Count == 1 && !Join, asksItself: true))
            throw new UsageException($"{nameof(NodeSecretFile)} is missing: with {nameof(TokensFile)} or an authority of clients the other nodes must be able to believe this program who asks; make a file with 'raftstream token secret', the same for all nodes.");
        return new()
        {
            Id = id,
            Members = members,
            ClusterId = MemberList.ClusterGuid(ClusterId, members),
            Data = Path.GetFullPath(Data),
            ElectionTimeout = ElectionTimeout,
            Heartbeat = Heartbeat,
            SnapshotAfterBytes = SnapshotAfterBytes,
            OutboxCommands = OutboxCommands,
            OutboxBytes = OutboxBytes,
            Join = Join,
            Listen = Listen is null ? address : Addresses.Parse(Listen, nameof(Listen), allowPortZero: false),
            AdvertiseHttp = AdvertiseHttp?.TrimEnd('/'),
            AdvertiseClient = AdvertiseClient is null ? null : Addresses.Dialable(AdvertiseClient, nameof(AdvertiseClient)),
            Incarnation = Incarnation,
            Tls = PeerTls,
            Security = security,
            Machine = StateMachine,
            Jobs = [.. Jobs],
            Host = new(Id, CpuWeight, MemoryWeight, IsDrained),
        };
    }

    private void Look()
    {
        if (Jobs.GroupBy(static job => job.Name, StringComparer.Ordinal).FirstOrDefault(static group => group.Count() > 1) is { } twice)
            throw new UsageException($"{nameof(Jobs)} has two jobs called '{twice.Key}': give each a name of its own.");
        if (CpuWeight is < 1 or > 1_000_000 || MemoryWeight is < 1 or > 1_000_000)
            throw new UsageException($"{nameof(CpuWeight)} is {CpuWeight} and {nameof(MemoryWeight)} {MemoryWeight}: give 1 to 1,000,000.");
        if (StateMachine is null)
            throw new UsageException($"{nameof(StateMachine)} is missing: leave it as it is for counters.");
        if (ElectionTimeout < TimeSpan.FromMilliseconds(50) || ElectionTimeout > TimeSpan.FromSeconds(60))
            throw new UsageException($"{nameof(ElectionTimeout)} is {ElectionTimeout.TotalMilliseconds} ms: give 50 ms to 60 s.");
        if (Heartbeat <= TimeSpan.Zero || Heartbeat > ElectionTimeout / 3)
            throw new UsageException($"{nameof(Heartbeat)} is {Heartbeat.TotalMilliseconds} ms: give more than zero and at most a third of {nameof(ElectionTimeout)}.");
        if (SnapshotAfterBytes < 65_536)
            throw new UsageException($"{nameof(SnapshotAfterBytes)} is {SnapshotAfterBytes}: give at least 65536.");
        if (OutboxCommands is < NodeSettings.MinOutboxCommands or > NodeSettings.MaxOutboxCommands)
            throw new UsageException($"{nameof(OutboxCommands)} is {OutboxCommands}: give {NodeSettings.MinOutboxCommands} to {NodeSettings.MaxOutboxCommands}.");
        if (OutboxBytes is < NodeSettings.MinOutboxBytes or > NodeSettings.MaxOutboxBytes)
            throw new UsageException($"{nameof(OutboxBytes)} is {OutboxBytes}: give {NodeSettings.MinOutboxBytes} to {NodeSettings.MaxOutboxBytes}.");
        if (AdvertiseHttp is not null && !(Uri.TryCreate(AdvertiseHttp, UriKind.Absolute, out var uri) && uri is { Scheme: "http" or "https", PathAndQuery: "/" }))
            throw new UsageException($"{nameof(AdvertiseHttp)} is '{AdvertiseHttp}': write http://host:port.");
    }
}

/// <summary>Judges the options when the host starts, so that nothing starts half.</summary>
internal sealed class RaftStreamOptionsValidator : IValidateOptions<RaftStreamOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, RaftStreamOptions options)
    {
        try
        {
            options.ToSettings();
            return ValidateOptionsResult.Success;
        }
        catch (UsageException exception)
        {
            return ValidateOptionsResult.Fail(exception.Message);
        }
    }
}
