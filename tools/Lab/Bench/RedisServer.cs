using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using RaftStream.Lab.Torture.Systems;
using RaftStream.Node.Commands;
using RaftStream.Node.Local;
using RaftStream.Testing;

namespace RaftStream.Lab.Bench;

/// <summary>A redis-server from the machine's packages that syncs each write before it answers: what a single node with the same promise of its own disk does.</summary>
internal sealed class RedisServer : IAsyncDisposable
{
    private const string Program = "redis-server";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    private readonly Process _process;

    private RedisServer(Process process, string address) => (_process, Address) = (process, address);

    /// <summary>Where it listens.</summary>
    public string Address { get; }

    /// <summary>In one sentence why it cannot run here; null if it can.</summary>
    public static string? WhyNot() => ChildStarter.Find(Program) is null ? "redis-server is not on the path: install the package redis-server." : null;

    /// <summary>Starts it and waits until it answers.</summary>
    /// <exception cref="UndecidedException">It does not answer in time.</exception>
    public static async Task<RedisServer> StartAsync(string folder, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);
        var port = Ports.Find(1)[0].ToString(CultureInfo.InvariantCulture);
        string[] arguments = ["--bind", "127.0.0.1", "--port", port, "--dir", folder, "--appendonly", "yes", "--appendfsync", "always", "--save", "", "--daemonize", "no", "--logfile", "redis.log"];
        var server = new RedisServer(ChildStarter.Start(new(Program, arguments), folder, []), $"127.0.0.1:{port}");
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(Patience);
            while (!await AnswersAsync(server.Address, limit.Token))
                await Task.Delay(Poll, limit.Token);
            return server;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            await server.DisposeAsync();
            throw new UndecidedException($"redis-server did not answer at 127.0.0.1:{port} within {Patience.TotalSeconds:0} s.");
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static async Task<bool> AnswersAsync(string address, CancellationToken limit)
    {
        try
        {
            using var connection = await RespConnection.ConnectAsync(address, limit);
            return (await connection.AskAsync(limit, ["PING"]))[0].Text == "PONG";
        }
        catch (Exception notYet) when (notYet is SocketException or IOException)
        {
            return false;
        }
    }
}
