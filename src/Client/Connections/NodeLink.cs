using System.Net;
using RaftStream.Client.Protocol;
using RaftStream.Client.Routing;
using RaftStream.Raft.Wire;

namespace RaftStream.Client.Connections;

/// <summary>Why a node could not be connected to.</summary>
internal sealed record DialFailure(ClientRefusal Refusal, string Sentence);

/// <summary>
/// Keeps a connection to one address alive: dials, probes the node so that its round trip, its leader and its very life are known, and dials again with growing
/// pauses. One a node and client; its own task writes, any thread reads.
/// </summary>
internal sealed class NodeLink(DnsEndPoint endPoint, NodeTable table, RaftStreamClientOptions options, ulong seed)
{
    /// <summary>No level of a read: under it a node is passed over that cannot serve a watch or a subscription.</summary>
    public const ConsistencyLevel Watching = ConsistencyLevel.Available + 1;

    /// <summary>The same of one that does not take lines for a stream job.</summary>
    public const ConsistencyLevel Ingesting = Watching + 1;

    /// <summary>Two probes in a row without an answer end a connection: a machine that vanished says nothing.</summary>
    private const int MaxSilentProbes = 2;

    /// <summary>Places beyond the callers', so that a probe is never refused because of them.</summary>
    private const int PlacesForProbes = 8;

    /// <summary>How often it is asked who leads while nobody knows.</summary>
    private static readonly TimeSpan EagerProbe = TimeSpan.FromMilliseconds(25);

    /// <summary>How long a node that refused a level is not asked for it while others can be.</summary>
    private static readonly TimeSpan ShunTime = TimeSpan.FromSeconds(1);

    private readonly TimeProvider _time = options.TimeProvider;
    private readonly Backoff _backoff = new(seed);
    private readonly long[] _shunned = new long[(int)Ingesting + 1];
    private volatile NodeConnection? _connection;
    private volatile DialFailure? _lastFailure;
    private int _id;
    private long _roundTripTicks;

    /// <summary>Where it dials.</summary>
    public string Address { get; } = Format(endPoint);

    /// <summary>The node there, by its own account; 0 until it was reached.</summary>
    public int Id => Volatile.Read(ref _id);

    /// <summary>The connection, or null while there is none.</summary>
    public NodeConnection? Connection => _connection is { Ended.IsCompleted: false } connection ? connection : null;

    /// <summary>The smoothed round trip; zero until it was measured.</summary>
    public TimeSpan RoundTrip => TimeSpan.FromTicks(Volatile.Read(ref _roundTripTicks));

    /// <summary>Why the last attempt to connect failed; null where none did since there was a connection.</summary>
    public DialFailure? LastFailure => _lastFailure;

    /// <summary>The address as text, as nodes tell it.</summary>
    public static string Format(DnsEndPoint endPoint) =>
        endPoint.Host.Contains(':', StringComparison.Ordinal) ? $"[{endPoint.Host}]:{endPoint.Port}" : $"{endPoint.Host}:{endPoint.Port}";

    /// <summary>The node refused a request of that level: others are asked first for a while.</summary>
    public void Shun(ConsistencyLevel level) =>
        Volatile.Write(ref _shunned[(int)level], _time.GetTimestamp() + (long)(ShunTime.TotalSeconds * _time.TimestampFrequency));

    /// <summary>Whether it lately refused a request of that level.</summary>
    public bool IsShunned(ConsistencyLevel level) => Volatile.Read(ref _shunned[(int)level]) > _time.GetTimestamp();

    /// <summary>Runs until the client is disposed.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var dialled = await DialAsync(stop).ConfigureAwait(false);
            if (dialled.Connection is not { } connection)
            {
                _lastFailure = new(dialled.Refusal, dialled.Sentence ?? ClientSentences.Of(dialled.Refusal));
                table.Failed();
                if (dialled.Refusal != ClientRefusal.Disconnected)
                    _backoff.Slow();
                await Pulse.PauseAsync(_backoff.Next(), _time, stop).ConfigureAwait(false);
                continue;
            }

            _backoff.Reset();
            Volatile.Write(ref _id, connection.Welcome.Node);
            _lastFailure = null;
            _connection = connection;
            table.Connected(connection.Welcome);
            connection.OnEnded(table.ProbeWanted.Fire);
            try
            {
                await ProbeAsync(connection, stop).ConfigureAwait(false);
            }
            finally
            {
                _connection = null;
                await connection.DisposeAsync().ConfigureAwait(false);
            }

            table.Doubt(this);
        }
    }

    private async Task<DialResult> DialAsync(CancellationToken stop)
    {
        using var limit = new CancellationTokenSource(options.DialTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stop);
        return await NodeConnection.DialAsync(endPoint, new(options.ClusterId, options.Name, options.Token), options.MaxInFlight + PageRunner.MaxSeries + PlacesForProbes, _time, table.Tls, either.Token).ConfigureAwait(false);
    }

    private async Task ProbeAsync(NodeConnection connection, CancellationToken stop)
    {
        var silent = 0;
        while (!stop.IsCancellationRequested && !connection.Ended.IsCompleted)
        {
            var wanted = table.ProbeWanted.Next;
            var sent = _time.GetTimestamp();
            var answer = await connection.SendAsync(new(RequestKind.Status), options.ProbeInterval, stop).ConfigureAwait(false);
            if (answer.Kind == AnswerKind.Status || answer.Refusal is ClientRefusal.Starting)
            {
                silent = 0;
                Measure(_time.GetElapsedTime(sent));
                table.Learn(this, answer);
            }
            else if (++silent == MaxSilentProbes)
            {
                connection.Abort();
            }

            var pause = table.Leader is null ? EagerProbe : options.ProbeInterval;
            if (!connection.Ended.IsCompleted)
                await Pulse.WaitAsync(wanted, pause, _time, stop).ConfigureAwait(false);
        }
    }

    /// <summary>Seven parts of what was, one of the newest (RFC 6298).</summary>
    private void Measure(TimeSpan roundTrip)
    {
        var before = Volatile.Read(ref _roundTripTicks);
        Volatile.Write(ref _roundTripTicks, Math.Max(1, before == 0 ? roundTrip.Ticks : ((7 * before) + roundTrip.Ticks) / 8));
    }
}
