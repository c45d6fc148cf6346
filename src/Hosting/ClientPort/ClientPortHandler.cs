using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using RaftStream.Client;
using RaftStream.Client.Protocol;
using RaftStream.Hosting.Security;
using RaftStream.Raft.Wire;

namespace RaftStream.Hosting.ClientPort;

/// <summary>
/// The port for clients of the binary protocol (docs/client-protocol.md): takes a connection, answers its greeting, and hands it over. One a node, called by
/// the web server for each connection.
/// </summary>
internal sealed class ClientPortHandler(NodeHandle handle, StreamAccess streams, RequestRates rates, ClientMeters meters, ILogger<ClientPortHandler> logger) : ConnectionHandler
{
    private static readonly TimeSpan GreetingPatience = TimeSpan.FromSeconds(5);

    private readonly ClientRules _rules = new(handle.Settings.Security.Limits, rates, meters);

    /// <inheritdoc/>
    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        try
        {
            if (await GreetAsync(connection) is not var (running, caller))
                return;
            await using var served = new ClientConnection(connection, handle, new ClientRequests(running, streams, handle.Stopping), caller, logger);
            await served.RunAsync();
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            // The client went away, or did not greet in time: there is nobody to tell.
        }
    }

    /// <summary>Reads the greeting and answers it; null where the connection was refused. A client that has said all that it will say is answered, too.</summary>
    private async Task<(RunningNode Running, ClientCaller Caller)?> GreetAsync(ConnectionContext connection)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(handle.Stopping);
        patience.CancelAfter(GreetingPatience);
        var (greeting, fault) = await ReadAsync(connection.Transport.Input, patience.Token);
        var running = handle.Running;
        var caller = new ClientCaller(_rules, connection.Features.GetRequiredFeature<ConnectionIdentity>(), greeting?.Token, (connection.RemoteEndPoint as IPEndPoint)?.Address);
        var welcome = Judge(greeting, fault, running, caller, connection.Features.GetRequiredFeature<ConnectionAdmission>());
        await connection.Transport.Output.WriteAsync(ClientHandshake.Write(welcome), patience.Token);
        return welcome.Refusal == 0 ? (running!, caller) : null;
    }

    private ClientWelcome Judge(ClientGreeting? greeting, ClientRefusal fault, RunningNode? running, ClientCaller caller, ConnectionAdmission admission)
    {
        var node = handle.Settings.Id.Value;
        if (fault == ClientRefusal.UnsupportedVersion)
            return Refused(fault, $"Node {node} speaks version {ClientHandshake.CurrentVersion} of the client protocol: use the same release on both sides.");
        if (greeting is null)
            return Refused(ClientRefusal.BadGreeting, $"What arrived at node {node} is no greeting of the client protocol, or a damaged one: give this port to clients of that protocol only.");
        if (!admission.IsAdmitted)
            return Refused(ClientRefusal.TooManyConnections, $"Node {node} has {admission.Limit} client connections, as many as it takes: use another node, or fewer clients.");
        if (caller.RefuseGreeting() is var refusal && refusal == ClientRefusal.Unauthenticated)
            return Refused(refusal, $"Node {node} knows neither a token nor a certificate of this client: give it a token of the nodes' file, or a certificate of their authority.");
        if (refusal == ClientRefusal.Forbidden)
            return Refused(refusal, $"Node {node} accepts the certificate of this client, which names no role: issue one with the URI raftstream:role:read, :write or :admin.");
        if (greeting.ClusterId is { } wanted && wanted != handle.Settings.ClusterId)
            return Refused(ClientRefusal.OtherCluster, $"Node {node} belongs to another cluster than the one that was asked for: compare the addresses and the cluster's id.");
        if (running is null)
            return Refused(ClientRefusal.Starting, $"Node {node} is starting: try again in a moment.");
        return new(0, null)
        {
            ClusterId = handle.Settings.ClusterId,
            Incarnation = running.Node.Status.Incarnation,
            Node = node,
            MaxInFlight = _rules.Limits.MaxInFlight,
            MaxRequest = FrameCutter.LargestRequest,
        };

        ClientWelcome Refused(ClientRefusal refusal, string sentence) => new((byte)refusal, sentence) { Node = node };
    }

    /// <summary>The greeting, or why it is none. Reads no byte beyond it.</summary>
    private static async Task<(ClientGreeting? Greeting, ClientRefusal Fault)> ReadAsync(PipeReader input, CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await input.ReadAsync(cancellationToken);
            var bytes = read.Buffer.Slice(0, Math.Min(read.Buffer.Length, ClientHandshake.LargestSize)).ToArray();
            var isOurs = ClientHandshake.TryReadPrefix(bytes, out var version, out var size);
            if ((bytes.Length < ClientHandshake.PrefixSize || (isOurs && bytes.Length < size)) && !read.IsCompleted)
            {
                input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                continue;
            }

            var greeting = isOurs && bytes.Length >= size ? ClientHandshake.TryReadGreeting(bytes.AsSpan(0, size)) : null;
            input.AdvanceTo(isOurs ? read.Buffer.GetPosition(Math.Min(size, bytes.Length)) : read.Buffer.End);
            return isOurs && version != ClientHandshake.CurrentVersion ? (null, ClientRefusal.UnsupportedVersion) : (greeting, ClientRefusal.BadGreeting);
        }
    }
}
