using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace RaftStream.Hosting;

/// <summary>
/// Starts the replica after the HTTP server, if the host has one, has its port (the peers are told the real one) and stops it after the server has
/// answered its last request.
/// </summary>
internal sealed class RaftHostedService(NodeHandle handle, IServiceProvider services, ILoggerFactory loggers, NodeIo io) : IHostedLifecycleService
{
    private static readonly TimeSpan LookAtMembers = TimeSpan.FromMilliseconds(500);

    private RaftNode? _node;

    /// <inheritdoc/>
    public async Task StartedAsync(CancellationToken cancellationToken)
    {
        var settings = handle.Settings;
        var own = new ClientAddresses(ClientAddress(settings), Port(settings, settings.Client, settings.AdvertiseClient), Port(settings, settings.Resp, settings.AdvertiseResp));
        _node = await StartNodeAsync(settings, own == default ? null : own.ToString(), loggers, io, cancellationToken);
        handle.Set(_node, own);
        _ = WatchAsync(_node);
        _ = WatchMembersAsync(_node);
    }

    /// <inheritdoc/>
    public async Task StoppedAsync(CancellationToken cancellationToken)
    {
        if (_node is not null)
            await _node.DisposeAsync();
    }

    /// <inheritdoc/>
    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Starts a replica.</summary>
    /// <exception cref="ReplicaException">It cannot start: one sentence.</exception>
    public static async Task<RaftNode> StartNodeAsync(NodeSettings settings, string? clientAddress, ILoggerFactory loggers, NodeIo io, CancellationToken cancellationToken)
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
            return await RaftNode.StartAsync(options, settings.Machine(), loggers, io, cancellationToken);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ReplicaException($"Node {settings.Id} cannot start in {settings.Data}: {exception.Message}", exception);
        }
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
