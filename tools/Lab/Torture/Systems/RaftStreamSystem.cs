using System.Collections.Concurrent;
using System.Globalization;
using RaftStream.Hosting.Http;
using RaftStream.Node.Hosting;
using RaftStream.Lab.Torture.Systems;
using RaftStream.Node.Http;
using RaftStream.Testing;

namespace RaftStream.Lab.Torture;

/// <summary>
/// RaftStream itself under the lab: nodes as processes, spoken to over HTTP, and by the workload <c>redis</c> over the Redis protocol. Its answers come as they are, without a checksum of ours: links to clients
/// must not be corrupted, or the lab finds errors that it made itself.
/// </summary>
internal sealed class RaftStreamSystem : ITestedSystem, IStreamSystem, IWatchSystem, ISnapshotSystem, IRedisSystem, IJobSystem, IDisposable
{
    /// <summary>The port at which nodes meet.</summary>
    public const string PeerPort = "raft";

    /// <summary>The port for clients.</summary>
    public const string ClientPort = "http";

    /// <summary>The port for clients of the Redis protocol.</summary>
    public const string RespPort = "resp";

    /// <summary>Where a node keeps its data, in its folder.</summary>
    public const string DataFolder = "data";

    private static readonly TimeSpan NoLimit = Timeout.InfiniteTimeSpan;

    private readonly HttpClient _http = HttpClients.Create();
    private readonly ConcurrentDictionary<string, SessionToken> _sessions = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<long, ReadToken> _seen = new();

    // Nodes of another run, left over by a lab that was killed, must not be taken for members of this one.
    private readonly string _clusterId = $"torture-{Guid.NewGuid():N}";

    /// <summary>Whether nodes run over the faulty clock and disk of <c>raftstream-lab node</c>; else as <c>raftstream node</c>.</summary>
    public bool HasFaults { get; init; } = true;

    /// <summary>After how many bytes of log a node takes a snapshot: few, so that a run sees many.</summary>
    public long SnapshotAfterBytes { get; init; } = 64 * 1024;

    /// <inheritdoc/>
    public string Name => "raftstream";

    /// <inheritdoc/>
    public IReadOnlyList<string> PeerPorts { get; } = [PeerPort];

    /// <inheritdoc/>
    public IReadOnlyList<string> ClientPorts { get; } = [ClientPort, RespPort];

    /// <inheritdoc/>
    public string RedisPort => RespPort;

    /// <inheritdoc/>
    public IReadOnlySet<OperationFunction> Functions { get; } =
        new HashSet<OperationFunction> { OperationFunction.Read, OperationFunction.Add, OperationFunction.CompareAndSet };

    /// <inheritdoc/>
    public bool HasSessions => true;

    /// <inheritdoc/>
    public IReadOnlyList<string> ReadLevels { get; } = [RunHistories.Lease, "bounded:500", RunHistories.Session, "eventual"];

    /// <inheritdoc/>
    public bool ChecksBytes => true;

    /// <inheritdoc/>
    public NodeProgram ProgramOf(NodeSite site)
    {
        var id = site.Id.ToString(CultureInfo.InvariantCulture);
        List<string> arguments =
        [
            "node", "--id", id, "--cluster-id", _clusterId, "--insecure-clients", "--http", site.Listen(ClientPort), "--advertise-http", site.Advertise(ClientPort),
            "--resp", site.Listen(RespPort), "--advertise-resp", site.Advertise(RespPort), "--listen", site.Listen(PeerPort), "--data", Path.Combine(site.Folder, DataFolder),
            "--snapshot-after-bytes", SnapshotAfterBytes.ToString(CultureInfo.InvariantCulture), "--log-level", "information", ParentWatch.ExitOption,
        ];
        arguments.AddRange(site.Joins ? ["--join", "--advertise", site.Advertise(PeerPort)] : ["--cluster", Members(site)]);
        if (HasFaults)
            arguments.AddRange(["--faults", site.Folder]);
        return Program(HasFaults ? "raftstream-lab" : "raftstream", arguments);
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> WriteConcerns { get; } = [WriteLevel.Leader, WriteLevel.Available];

    /// <inheritdoc/>
    public ISystemClient Connect(string address) => new RaftStreamClient(Client(address), _sessions, _seen);

    /// <inheritdoc/>
    public IPipelineClient ConnectRedis(string address) => new RaftStreamRedisClient(address);

    /// <inheritdoc/>
    public async Task<NodeView?> LookAsync(string address, CancellationToken cancellationToken)
    {
        var reply = await Client(address).StatusAsync(NoLimit, cancellationToken);
        return reply.Value is not { } status ? null : new(status is { Role: "leader", Ready: true }, status.Term, status.Commit, status.Applied, status.StateHash)
        {
            Voters = [.. status.Members.Where(static member => member.Role != "learner").Select(static member => member.Id)],
            AcceptedWaiting = status.Outbox?.Pending,
            AcceptedLost = status.Outbox?.Lost,
        };
    }

    /// <inheritdoc/>
    public async Task<StreamAnswer> IngestAsync(string address, string job, Stream source, CancellationToken deadline)
    {
        try
        {
            // Whatever is no report of the whole source leaves open how much of it was counted.
            var reply = await Client(address).IngestAsync(job, WordCountIngest.DefaultPartition, source, deadline);
            return reply.Value is { } report ? new(AnswerKind.Ok, report.Offset, report.Words) : new(AnswerKind.Unknown);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            return new(AnswerKind.Unknown);
        }
    }

    /// <inheritdoc/>
    public async Task<StreamAnswer> PositionAsync(string address, string job, CancellationToken deadline)
    {
        try
        {
            var reply = await Client(address).JobAsync(job, WordCountIngest.DefaultPartition, NoLimit, deadline);
            return reply.Value is { } at ? new(AnswerKind.Ok, at.Offset, at.Words, at.Index) : new(AnswerKind.Failed);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            return new(AnswerKind.Failed);
        }
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<WatchTold> WatchAsync(string address, string prefix, string? from, CancellationToken end) => RaftStreamWatch.RunAsync(_http, "http://" + address, prefix, from, end);

    /// <inheritdoc/>
    public Task<JobTaken> TakeAsync(string address, JobLines batch, CancellationToken deadline) => Jobs(address).TakeAsync(batch, deadline);

    /// <inheritdoc/>
    public Task<JobRowsTold> RowsAsync(string address, string job, string table, string? level, CancellationToken deadline) =>
        Jobs(address).RowsAsync(job, table, level is null ? null : RaftStreamClient.LevelOf(level), deadline);

    /// <inheritdoc/>
    public Task<JobStands?> StandsAsync(string address, string job, CancellationToken deadline) => Jobs(address).StandsAsync(job, deadline);

    /// <inheritdoc/>
    public IAsyncEnumerable<JobOutput> SubscribeAsync(string address, string job, string sink, long from, CancellationToken end) => Jobs(address).SubscribeAsync(job, sink, from, end);

    /// <summary>By way of a backup, which every snapshot that is asked for is good for.</summary>
    public async Task<long?> SnapshotAsync(string address, CancellationToken deadline)
    {
        try
        {
            using var response = await _http.GetAsync(HttpClients.Target("http://" + address, "/v1/admin/backup"), HttpCompletionOption.ResponseHeadersRead, deadline);
            if (!response.IsSuccessStatusCode)
                return null;
            await response.Content.CopyToAsync(Stream.Null, deadline);
            return AnswerHeaders.Read(response.Headers).Index;
        }
        catch (Exception lost) when (lost is HttpRequestException or IOException or OperationCanceledException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    // Each node has a list of its own: itself as the others will know it from the log, they where it finds them.
    private static string Members(NodeSite site) => string.Join(',', site.FirstMembers.Select(member =>
        string.Create(CultureInfo.InvariantCulture, $"{member}={(member == site.Id ? site.Advertise(PeerPort) : site.Reach(member, PeerPort))}")));

    // Beside this assembly, and not the running process: that may be "dotnet raftstream-lab.dll".
    private static NodeProgram Program(string name, IReadOnlyList<string> arguments)
    {
        var file = Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? name + ".exe" : name);
        return File.Exists(file) ? new(file, arguments) : new("dotnet", [Path.Combine(AppContext.BaseDirectory, name + ".dll"), .. arguments]);
    }

    private RaftStreamJobs Jobs(string address) => new(_http, "http://" + address);

    private NodeClient Client(string address) => new(_http, "http://" + address);
}
