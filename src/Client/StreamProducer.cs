using RaftStream.Client.Protocol;
using RaftStream.Client.Routing;

namespace RaftStream.Client;

/// <summary>
/// Hands lines in to a source of a stream job, under numbers: each counts once, however often and to whichever node it is sent. Not safe for several sends at a time: the next one begins when the last
/// has ended. For more at a time make several producers, each with a name of its own.
/// </summary>
/// <remarks>
/// A number belongs to its line for ever, also when the program restarts: whoever sends another line under a number that counts already is told that it counts. So after anything but
/// <see cref="ClientOutcome.Applied"/> send the same lines again, and a program that does not know how far it has come asks (<see cref="ResumeAsync"/>).
/// Any node takes the lines, runs the part of the job that comes before the log, and passes the result on to the leader.
/// </remarks>
public sealed class StreamProducer
{
    private readonly RaftStreamClient _client;
    private long _known;
    private int _isBusy;

    internal StreamProducer(RaftStreamClient client, string job, string source, string name, long first) =>
        (_client, Job, Source, Name, Next) = (client, job, source, name, first);

    /// <summary>The job.</summary>
    public string Job { get; }

    /// <summary>Its source.</summary>
    public string Source { get; }

    /// <summary>Who sends, as the job knows it.</summary>
    public string Name { get; }

    /// <summary>The number of the next line.</summary>
    public long Next { get; private set; }

    /// <summary>
    /// Sends lines under the numbers from <see cref="Next"/> on, as many at a time as a request has room for, and again at any node, until all of them count. Only then <see cref="Next"/> moves behind them.
    /// </summary>
    /// <param name="lines">The lines, at least one, each of up to 13,997 bytes of UTF-8 and without a line feed.</param>
    /// <param name="timeout">How long all of it may take: 1 ms to 10 minutes; <see cref="RaftStreamClientOptions.RequestTimeout"/> unless given.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ArgumentException">There are no lines, one cannot be sent, or the timeout is out of range. Nothing was sent.</exception>
    /// <exception cref="InvalidOperationException">Another call is under way.</exception>
    public async ValueTask<IngestResult> SendAsync(IReadOnlyList<string> lines, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        var sizes = SizesOf(lines);
        var patience = _client.Timeout(timeout);
        Enter();
        try
        {
            var (start, taken, attempts) = (_client.Options.TimeProvider.GetTimestamp(), 0, 0);
            var result = default(IngestResult);
            for (var sent = 0; sent < lines.Count;)
            {
                var part = PartOf(lines, sizes, sent);
                var left = patience - _client.Options.TimeProvider.GetElapsedTime(start);
                var end = await AskAsync(new(Job, Source, Name, Next + sent, part), CallKind.NearRepeatableWrite, left > TimeSpan.Zero ? left : TimeSpan.FromMilliseconds(1), cancellationToken).ConfigureAwait(false);
                (taken, attempts) = (taken + end.Answer.Taken, attempts + end.Attempts);
                result = ResultOf(end with { Attempts = attempts }, taken, ConsistencyLevel.Quorum);
                if (result.Outcome != ClientOutcome.Applied)
                    return result;
                sent += part.Count;
            }

            Next += lines.Count;
            return result;
        }
        finally
        {
            Volatile.Write(ref _isBusy, 0);
        }
    }

    /// <summary>
    /// Asks up to where this producer's lines count and, if that is answered, goes on behind them: for a program that has restarted. What an earlier life of it has still under way may count later: its numbers then
    /// belong to its lines.
    /// </summary>
    /// <param name="timeout">How long it may take: 1 ms to 10 minutes; <see cref="RaftStreamClientOptions.RequestTimeout"/> unless given.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ArgumentException">The timeout is out of range.</exception>
    /// <exception cref="InvalidOperationException">Another call is under way.</exception>
    public async ValueTask<IngestResult> ResumeAsync(TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        var patience = _client.Timeout(timeout);
        Enter();
        try
        {
            var end = await AskAsync(new(Job, Source, Name, 1, []), CallKind.LeaderRead, patience, cancellationToken).ConfigureAwait(false);
            var result = ResultOf(end, 0, ConsistencyLevel.Linearizable);
            if (result.Outcome == ClientOutcome.Applied)
                Next = result.Sequence + 1;
            return result;
        }
        finally
        {
            Volatile.Write(ref _isBusy, 0);
        }
    }

    private void Enter()
    {
        if (Interlocked.Exchange(ref _isBusy, 1) != 0)
            throw new InvalidOperationException($"The producer '{Name}' has a call under way: await it before the next one, or make another producer with a name of its own.");
    }

    private ValueTask<CallEnd> AskAsync(IngestTerms terms, CallKind kind, TimeSpan patience, CancellationToken cancellationToken) =>
        _client.Runner.RunAsync(new(RequestKind.Ingest) { Ingest = terms }, kind, patience, cancellationToken);

    private IngestResult ResultOf(in CallEnd end, int taken, ConsistencyLevel asked)
    {
        var answer = end.Answer;
        if (answer.Kind == AnswerKind.Ingest)
            _known = answer.Sequence;
        return new(answer.Outcome, answer.Refusal, answer.Problem, _known, taken, _client.Stamp(end, asked));
    }

    /// <summary>The sizes of the lines, in bytes.</summary>
    private int[] SizesOf(IReadOnlyList<string> lines)
    {
        ArgumentNullException.ThrowIfNull(lines);
        if (lines.Count == 0 || Next > IngestTerms.MaxFirst - lines.Count)
            throw new ArgumentException($"There are {lines.Count} lines, and the next one is number {Next}: give at least one, and numbers up to {IngestTerms.MaxFirst}.", nameof(lines));
        var sizes = new int[lines.Count];
        for (var i = 0; i < sizes.Length; i++)
        {
            ArgumentNullException.ThrowIfNull(lines[i], nameof(lines));
            if (lines[i].Contains('\n', StringComparison.Ordinal))
                throw new ArgumentException($"Line {i + 1} holds a line feed: give its parts as lines of their own.", nameof(lines));
            sizes[i] = StrictText.SizeOf(lines[i]) ?? throw new ArgumentException($"Line {i + 1} holds half of a surrogate pair: give text that UTF-8 can hold.", nameof(lines));
            if (sizes[i] > IngestTerms.MaxLineBytes)
                throw new ArgumentException($"Line {i + 1} takes {sizes[i]} bytes of UTF-8: give up to {IngestTerms.MaxLineBytes}, or post it over HTTP.", nameof(lines));
        }

        return sizes;
    }

    /// <summary>As many lines from a place on as fit into a request.</summary>
    private static ArraySegment<string> PartOf(IReadOnlyList<string> lines, int[] sizes, int from)
    {
        var (count, bytes) = (0, 0);
        while (from + count < lines.Count && count < IngestTerms.MaxLines && (bytes += sizes[from + count] + IngestTerms.LineOverhead) <= IngestTerms.MaxLinesBytes)
            count++;
        var part = new string[count];
        for (var i = 0; i < count; i++)
            part[i] = lines[from + i];
        return part;
    }
}
