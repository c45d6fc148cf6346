using System.Globalization;
using System.Net.Sockets;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Torturing;

#region docs/fault-testing.md: system
/// <summary>A replicated register server of our own: how a node is started, and where it stands.</summary>
internal sealed class KvSystem : ITestedSystem
{
    public string Name => "kvd";

    public IReadOnlyList<string> PeerPorts { get; } = ["peer"];

    public IReadOnlyList<string> ClientPorts { get; } = ["client"];

    public IReadOnlySet<OperationFunction> Functions { get; } = new HashSet<OperationFunction> { OperationFunction.Read, OperationFunction.Write };

    // Each node finds the others under addresses of its own: between them stand the lab's proxies.
    public NodeProgram ProgramOf(NodeSite site) => new("kvd",
    [
        "--id", $"{site.Id}", "--data", site.Folder, "--clients", site.Listen("client"), "--listen", site.Listen("peer"),
        .. site.FirstMembers.Where(other => other != site.Id).SelectMany(other => new[] { "--peer", $"{other}={site.Reach(other, "peer")}" }),
    ]);

    public ISystemClient Connect(string address) => new KvClient(address);

    // "ROLE" is answered with the role, the term, and the indexes of the last entry committed and applied.
    public async Task<NodeView?> LookAsync(string address, CancellationToken cancellationToken)
    {
        await using var client = new KvClient(address);
        return (await client.AskAsync("ROLE", cancellationToken))?.Split(' ') is [var role, var term, var commit, var applied]
            ? new(role == "leader", Number(term), Number(commit), Number(applied), StateHash: "")
            : null;
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
#endregion

#region docs/fault-testing.md: client
/// <summary>"GET key" is answered with a number or "-", "SET key number" with "OK", and both with "NO" by a node that does not lead.</summary>
internal sealed class KvClient(string address) : ISystemClient
{
    private TcpClient? _connection;
    private StreamReader? _answers;

    public async Task<ClientAnswer> DoAsync(ClientCall call, CancellationToken deadline)
    {
        var isRead = call.Function == OperationFunction.Read;
        var answer = await AskAsync(isRead ? $"GET {call.Key}" : $"SET {call.Key} {call.Argument.Number}", deadline);
        if (answer is null)
            return new(isRead ? AnswerKind.Failed : AnswerKind.Unknown); // The write may be done, now or later.
        if (answer == "NO")
            return new(AnswerKind.Failed); // It was not passed on: certainly not done.
        if (!isRead)
            return new(answer == "OK" ? AnswerKind.Ok : AnswerKind.Unknown);
        return new(AnswerKind.Ok, answer == "-" ? HistoryValue.Null : long.Parse(answer, CultureInfo.InvariantCulture));
    }

    public async Task<string?> AskAsync(string line, CancellationToken deadline)
    {
        try
        {
            if (_connection is null)
            {
                _connection = new();
                var colon = address.LastIndexOf(':');
                await _connection.ConnectAsync(address[..colon], int.Parse(address[(colon + 1)..], CultureInfo.InvariantCulture), deadline);
                _answers = new(_connection.GetStream());
            }

            await _connection.GetStream().WriteAsync(System.Text.Encoding.UTF8.GetBytes(line + "\n"), deadline);
            return await _answers!.ReadLineAsync(deadline) ?? throw new IOException("The node closed the connection.");
        }
        catch (Exception lost) when (lost is IOException or SocketException or OperationCanceledException)
        {
            await DisposeAsync(); // A late answer must not be taken for that to the next call.
            return null;
        }
    }

    public ValueTask DisposeAsync()
    {
        _connection?.Dispose();
        _connection = null;
        return ValueTask.CompletedTask;
    }
}
#endregion
