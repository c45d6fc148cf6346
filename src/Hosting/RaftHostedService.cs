using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace RaftStream.Hosting;

/// <summary>
/// Starts the replica after the HTTP server, if the host has one, has its port (the peers are told the real one) and stops it after the server has
/// answered its last request.
/// </summary>
internal sealed class RaftHostedService(NodeHandle handle, IServiceProvider services, ILoggerFactory loggers, NodeIo io) : IHostedLifecycleService
{
    /// <summary>The folder of the sinks' files, in the data folder.</summary>
    public const string SinkFolderName = "sinks";

    private static readonly TimeSpan LookAtMembers = TimeSpan.FromMilliseconds(500);

    private RaftNode? _node;
    private IDisk? _sinks;

    /// <inheritdoc/>
    public async Task StartedAsync(CancellationToken cancellationToken)
    {
        var settings = handle.Settings;
        var own = new ClientAddresses(ClientAddress(settings), Port(settings, settings.Client, settings.AdvertiseClient), Port(settings, settings.Resp, settings.AdvertiseResp));
        _sinks = OpenSinks(settings, io);
        try
        {
            _node = await StartNodeAsync(settings, own == default ? null : own.ToString(), loggers, io, cancellationToken, _sinks);
        }
        finally
        {
            if (_node is null)
                CloseSinks();
        }

        handle.Set(_node, own);
        _ = WatchAsync(_node);
        _ = WatchMembersAsync(_node);
    }

    /// <inheritdoc/>
    public async Task StoppedAsync(CancellationToken cancellationToken)
    {
        if (_node is not null)
            await _node.DisposeAsync();
        CloseSinks();
    }

    /// <inheritdoc/>
    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Starts a replica. What its jobs' file sinks write goes to <paramref name="sinks"/>, which the caller closes when the replica has stopped.</summary>
    /// <exception cref="ReplicaException">It cannot start: one sentence.</exception>
    public static async Task<RaftNode> StartNodeAsync(NodeSettings settings, string? clientAddress, ILoggerFactory loggers, NodeIo io, CancellationToken cancellationToken, IDisk? sinks = null)
    {
        var options = new RaftNodeOptions
        {
            Id = settings.Id,
            Members = settings.Members,
            Listen = settings.Listen,
            ClusterId = settings.ClusterId,
            DataFolder = settings.Data,
            ClientAddress = clientAddress,
            Join = settings.Join,
            Incarnation = settings.Incarnation,
            PeerTls = settings.Tls,
            ElectionTimeout = settings.ElectionTimeout,
            HeartbeatInterval = settings.Heartbeat,
            SnapshotAfterBytes = settings.SnapshotAfterBytes,
            OutboxCommands = settings.OutboxCommands,
            OutboxBytes = settings.OutboxBytes,
        };
        try
        {
            return await RaftNode.StartAsync(options, MachineOf(settings, sinks), loggers, io, cancellationToken);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw CannotStart(settings, exception);
        }
    }

    /// <summary>
    /// The counters' machine is always the one that knows what a job is: without jobs it is the same as the store alone, and where the log has begun some, it says so instead of passing their commands over and writing snapshots
    /// without their state.
    /// </summary>
    private static IStateMachine MachineOf(NodeSettings settings, IDisk? sinks) =>
        settings.Jobs.Count == 0 && settings.Machine() is not CountingStore and { } own ? own : new StreamMachine(settings.Jobs, files: sinks);

    /// <summary>The folder for the files of sinks, locked as the data folder is; null where no job writes any.</summary>
    private static IDisk? OpenSinks(NodeSettings settings, NodeIo io)
    {
        if (settings.Jobs.All(static job => job.Files.Count == 0))
            return null;
        try
        {
            return io.OpenDisk(Path.Combine(settings.Data, SinkFolderName));
        }
        catch (IOException exception)
        {
            throw CannotStart(settings, exception);
        }
    }

    private static ReplicaException CannotStart(NodeSettings settings, Exception exception) => new($"Node {settings.Id} cannot start in {settings.Data}: {exception.Message}", exception);

    private void CloseSinks()
    {
        (_sinks as IDisposable)?.Dispose();
        _sinks = null;
    }

    private async Task WatchAsync(RaftNode node)
    {
        var sentence = await node.Stopped;
        if (sentence is not null)
            handle.Fail(sentence);
    }

    /// <summary>
    /// A node that was a member and is none any more has nothing to do. One that did not hear of its removal is told by the others, and its
    /// replica stops; one that saw it committed, the leader above all, would wait here for ever.
    /// </summary>
    private async Task WatchMembersAsync(RaftNode node)
    {
        var wasMember = false;
        using var timer = new PeriodicTimer(LookAtMembers);
        while (!handle.Stopping.IsCancellationRequested && await timer.WaitForNextTickAsync(CancellationToken.None))
        {
            var status = node.Status;
            var isMember = status.Members.Any(member => member.Id == status.Id);
            if (wasMember && !isMember && !status.IsJoint && status.MembersIndex <= status.Commit)
            {
                handle.Fail($"Node {status.Id} was removed from the cluster: its data folder can go; to bring the machine back, add it under an id never used before.");
                return;
            }

            wasMember |= isMember;
        }
    }

    /// <summary>Null where this host has no HTTP server: nobody can be sent to it, and it answers its own program alone.</summary>
    private string? ClientAddress(NodeSettings settings)
    {
        if (settings.AdvertiseHttp is { } told)
            return told;
        if (services.GetService<IServer>()?.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault() is not { } bound)
            return null;
        var listening = BindingAddress.Parse(bound);

        return listening.Scheme + "://" + Addresses.Format(new System.Net.DnsEndPoint(HostOf(settings.ClientHost ?? listening.Host, settings), listening.Port));
    }

    private static string? Port(NodeSettings settings, System.Net.DnsEndPoint? listens, System.Net.DnsEndPoint? told)
    {
        if (told is not null)
            return Addresses.Format(told);
        return listens is null ? null : Addresses.Format(new System.Net.DnsEndPoint(HostOf(listens.Host, settings), listens.Port));
    }

    /// <summary>"Any address" says nothing to a peer; the host it knows us by does.</summary>
    private static string HostOf(string host, NodeSettings settings) =>
        host is "0.0.0.0" or "::" or "[::]" or "*" or "+" ? settings.Members[settings.Id].Host : host.Trim('[', ']');
}
