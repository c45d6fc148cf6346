using RaftStream.Client;
using RaftStream.Lab.Torture.Systems;
using RaftStream.Node.Local;

namespace RaftStream.Lab.Fuzz;

/// <summary>
/// A sane client of each port beside all that is sent: the node must be healthy, and a counter that nobody else speaks of must hold exactly what was added to it, by every answer. Used by one
/// caller at a time.
/// </summary>
internal sealed class PortProbe(LocalCluster cluster, IReadOnlyList<string> ports, HttpClient http) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private RaftStreamClient? _client;

    /// <summary>How often all ports were asked and all was right.</summary>
    public long Rounds { get; private set; }

    /// <summary>What the counter must hold.</summary>
    public long Sum { get; private set; }

    /// <summary>Whether an add is of unknown outcome, so that nobody can tell what the counter must hold.</summary>
    public bool IsInDoubt { get; private set; }

    private LocalMember Member => cluster.Members[0];

    /// <summary>Asks all ports once; null if all is right, else what is not in a sentence.</summary>
    public async Task<string?> AskAsync(CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Patience);
        try
        {
            using var health = await http.GetAsync(new Uri(Member.HttpAddress + "/healthz"), limit.Token);
            if (!health.IsSuccessStatusCode)
                return $"/healthz answers {(int)health.StatusCode}: {await health.Content.ReadAsStringAsync(limit.Token)}";
            foreach (var port in ports)
            {
                if (await AddAsync(port, limit.Token) is { } problem)
                    return problem;
            }
        }
        catch (Exception lost) when (lost is HttpRequestException or IOException or System.Net.Sockets.SocketException or TimeoutException)
        {
            return $"A sane client lost its connection: {lost.Message}";
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return $"A sane client got no answer within {Patience.TotalSeconds:0} s.";
        }

        Rounds++;
        return null;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_client is not null)
            await _client.DisposeAsync();
    }

    // What was certainly not done is asked for again: full queues are no fault, as long as they empty.
    private async Task<string?> AddAsync(string port, CancellationToken limit)
    {
        while (true)
        {
            var (outcome, value) = port switch
            {
                PortNames.Resp => await OverRespAsync(limit),
                PortNames.Http => await OverHttpAsync(limit),
                _ => await OverClientAsync(limit),
            };
            if (outcome == ClientOutcome.Applied)
                return value == ++Sum ? null : $"The counter holds {value} by an answer over {port}, and {Sum} were added to it.";
            if (outcome == ClientOutcome.Unknown)
            {
                IsInDoubt = true;
                return $"An add over {port} is of unknown outcome, so nobody can tell what the counter must hold.";
            }

            await Task.Delay(Pause, limit);
        }
    }

    private async Task<(ClientOutcome Outcome, long Value)> OverRespAsync(CancellationToken limit)
    {
        using var connection = await RespConnection.ConnectAsync(Member.Resp!, limit);
        var reply = (await connection.AskAsync(limit, ["INCRBY", FuzzKeys.Exact, "1"]))[0];
        return reply switch
        {
            { IsError: true } => (reply.Text!.StartsWith("UNKNOWN", StringComparison.Ordinal) ? ClientOutcome.Unknown : ClientOutcome.Rejected, 0),
            _ => (ClientOutcome.Applied, reply.Number ?? 0),
        };
    }

    private async Task<(ClientOutcome Outcome, long Value)> OverHttpAsync(CancellationToken limit)
    {
        var reply = await cluster.Client(Member.Id).AddAsync(FuzzKeys.Exact, 1, Patience, limit);
        return reply switch
        {
            { Value: { } counter } => (ClientOutcome.Applied, counter.Value),
            { NothingDone: true } => (ClientOutcome.Rejected, 0),
            _ => (ClientOutcome.Unknown, 0),
        };
    }

    private async Task<(ClientOutcome Outcome, long Value)> OverClientAsync(CancellationToken limit)
    {
        _client ??= await RaftStreamClient.ConnectAsync(new() { Nodes = [Member.Client!], Name = "probe", RequestTimeout = Patience }, limit);
        var result = await _client.AddAsync(FuzzKeys.Exact, 1, cancellationToken: limit);
        return (result.Outcome, result.Value);
    }
}
