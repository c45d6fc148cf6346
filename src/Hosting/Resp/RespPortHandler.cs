using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using RaftStream.Hosting.Security;

namespace RaftStream.Hosting.Resp;

/// <summary>What all connections of the port share.</summary>
internal sealed record RespPortContext(RespStore Store, AccessControl Access, RespRules Rules, RespPortState State, TimeProvider Time);

/// <summary>
/// The port for clients of the Redis protocol (docs/redis.md): takes a connection, reads its commands and answers them. One a node, called by the web server for each connection.
/// </summary>
/// <remarks>
/// Everything is bounded: a round takes some commands out of the network (<see cref="RespLimits"/>), they are carried out and answered, and only then more is read; meanwhile what arrives waits in the
/// server's buffer of 1 MiB and behind that at the client. So commands that are sent without waiting become larger batches by themselves. A client that does not read its answers is not read from.
/// </remarks>
internal sealed class RespPortHandler(NodeHandle handle, RespPortContext port, ILogger<RespPortHandler> logger) : ConnectionHandler
{
    /// <inheritdoc/>
    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        var id = port.State.Enter(connection.Features.GetRequiredFeature<ConnectionAdmission>());
        try
        {
            if (id == 0)
            {
                await connection.Transport.Output.WriteAsync("-ERR max number of clients reached\r\n"u8.ToArray(), handle.Ending);
                return;
            }

            KeepAlive(connection);
            await ServeAsync(connection, id);
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or ConnectionAbortedException or ConnectionResetException)
        {
            // The client went away, or the node ends: there is nobody to tell.
        }
        catch (Exception exception)
        {
            logger.LogError(exception, "Connection {Id} of the Redis protocol met a fault of this program and was closed.", id);
        }
        finally
        {
            port.State.Leave();
        }
    }

    private async Task ServeAsync(ConnectionContext connection, long id)
    {
        var arena = new CommandArena(port.Rules.Limits.MaxInFlight);
        var parser = new RespParser(arena);
        using var outlet = new RespOutlet(connection.Transport.Output, handle.Ending);
        var caller = new RespCaller(port.Rules, connection.Features.GetRequiredFeature<ConnectionIdentity>(), (connection.RemoteEndPoint as IPEndPoint)?.Address);
        var session = new RespSession(id, connection.RemoteEndPoint?.ToString() ?? "", port.Time.GetUtcNow(), caller);
        await using var pipeline = new RespPipeline(session, port, outlet, handle.Ending);
        await using var stopping = handle.Stopping.UnsafeRegister(static input => ((System.IO.Pipelines.PipeReader)input!).CancelPendingRead(), connection.Transport.Input);
        while (true)
        {
            var read = await connection.Transport.Input.ReadAsync(handle.Ending);
            if (read.IsCanceled)
                return;
            var buffer = read.Buffer;
            caller.Identify();
            parser.IsKnown = caller.Principal is not null;
            var error = parser.Read(ref buffer, out var isEnough);

            // The commands are copies: their bytes make room for others while they are carried out.
            if (isEnough && caller.Principal is not null && buffer.Length > 0)
                port.Rules.Waited();
            var isOver = read.IsCompleted && !isEnough;
            connection.Transport.Input.AdvanceTo(buffer.Start, isEnough ? buffer.Start : buffer.End);
            if (arena.Count > 0 && !await pipeline.RunAsync(arena))
                return;
            arena.Clear();
            if (error is not null)
            {
                port.State.CountProtocolError();
                using var turn = await outlet.EnterAsync(handle.Ending);
                outlet.Writer.Error("ERR " + error);
                await outlet.FlushAsync();
                return;
            }

            if (isOver)
                return;
        }
    }

    /// <summary>A client that vanished without a word does not keep its place for ever, though nobody who is silent is closed.</summary>
    private static void KeepAlive(ConnectionContext connection) =>
        connection.Features.Get<IConnectionSocketFeature>()?.Socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
}
