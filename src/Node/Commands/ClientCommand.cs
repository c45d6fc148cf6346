using System.CommandLine;
using RaftStream.Hosting.Http;
using RaftStream.Node.Http;

namespace RaftStream.Node.Commands;

/// <summary>What all commands share that talk to a running cluster.</summary>
internal static class ClientCommand
{
    private const string DefaultServers = "127.0.0.1:8080";
    private const string Variable = "RAFTSTREAM_SERVER";

    /// <summary>For machines.</summary>
    public static readonly Option<bool> Json = new("--json") { Description = "Print one JSON object instead of text." };

    /// <summary>Where the cluster is.</summary>
    public static readonly Option<string?> Server = new("--server")
    {
        Description = $"Nodes of the cluster; any will do, the request finds the leader (default: {Variable}, else {DefaultServers}).",
        HelpName = "host:port[,host:port...]",
    };

    /// <summary>A client of the nodes that the command line or the environment names, with the token and the certificates that they name.</summary>
    /// <exception cref="UsageException">It is no list of addresses, or a file cannot be used.</exception>
    public static ClusterClient Connect(ParseResult parsed)
    {
        var access = ClientAccess.Of(parsed);
        var text = parsed.GetValue(Server) ?? Environment.GetEnvironmentVariable(Variable) ?? DefaultServers;
        return new([.. text.Split(',', StringSplitOptions.TrimEntries).Select(one => access.Scheme + Addresses.Format(Addresses.Parse(one, "--server", allowPortZero: false)))], access.CreateClient());
    }
}

/// <summary>
/// Sends requests to a cluster of which some nodes may be down. Repeats what is certainly not done, and reads; a write whose answer is
/// lost ends the command as undecided.
/// </summary>
internal sealed class ClusterClient(IReadOnlyList<string> servers, HttpClient http) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    // A node itself waits up to five seconds for a leader.
    private static readonly TimeSpan Attempt = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>The nodes, in the order to ask them.</summary>
    public IReadOnlyList<NodeClient> Nodes => [.. servers.Select(Node)];

    /// <summary>What the last answer told of itself.</summary>
    public AnswerStamp? Stamp { get; private set; }

    /// <summary>One node.</summary>
    public NodeClient Node(string address) => new(http, address);

    /// <summary>A request that may be repeated, whatever became of it.</summary>
    public Task<T> ReadAsync<T>(Func<NodeClient, TimeSpan, Task<NodeReply<T>>> ask, CancellationToken cancellationToken)
        where T : class => SendAsync(ask, isRead: true, cancellationToken);

    /// <summary>A request that is repeated only if it was certainly not done.</summary>
    public Task<T> WriteAsync<T>(Func<NodeClient, TimeSpan, Task<NodeReply<T>>> ask, CancellationToken cancellationToken)
        where T : class => SendAsync(ask, isRead: false, cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => http.Dispose();

    private async Task<T> SendAsync<T>(Func<NodeClient, TimeSpan, Task<NodeReply<T>>> ask, bool isRead, CancellationToken cancellationToken)
        where T : class
    {
        var nodes = Nodes;
        var start = System.Diagnostics.Stopwatch.GetTimestamp();
        ProblemJson? last = null;
        for (var attempt = 0; System.Diagnostics.Stopwatch.GetElapsedTime(start) < Patience; attempt++)
        {
            var reply = await ask(nodes[attempt % nodes.Count], Attempt);
            if (reply.Value is { } value)
            {
                Stamp = reply.Stamp;
                return value;
            }
            last = reply.Problem ?? last;
            if (reply.Problem is { Status: StatusCodes.Status409Conflict } conflict)
                throw new RefusedException(conflict.Code, conflict.Detail);
            if (reply.Problem is { Status: >= 400 and < 500 and not 429 } refused)
                throw new UsageException(refused.Detail);
            if (!reply.NothingDone && !isRead)
                throw new UndecidedException(reply.Problem?.Detail ?? "The node went away before it answered: the write may be done or not, read before you repeat it.");
            if (attempt % nodes.Count == nodes.Count - 1)
                await Task.Delay(Pause, cancellationToken);
        }
        var tried = string.Join(", ", servers.Select(MembersText.Client));
        throw new UndecidedException(last?.Detail ?? $"No node answered at {tried} within {Patience.TotalSeconds:0} s: name running nodes with --server.");
    }
}
