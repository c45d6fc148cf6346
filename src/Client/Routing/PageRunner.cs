using RaftStream.Client.Connections;
using RaftStream.Client.Protocol;
using RaftStream.Raft.Wire;

namespace RaftStream.Client.Routing;

/// <summary>A row of questions, each for the page behind the last one, and what is remembered between two of them. Owned by whoever enumerates it.</summary>
internal sealed class PageSeries(RequestMessage request, ulong seed)
{
    /// <summary>What is asked next.</summary>
    public RequestMessage Request { get; set; } = request;

    /// <summary>The pauses while no node can be asked.</summary>
    public Backoff Backoff { get; } = new(seed);

    /// <summary>The node that told the last page, as long as it does; else null.</summary>
    public NodeLink? Node { get; set; }

    /// <summary>Who was asked for the next page in vain.</summary>
    public uint Tried { get; set; }

    /// <summary>When a node was asked last.</summary>
    public long? Asked { get; set; }

    /// <summary>Whether the last page was small, so that there is no hurry.</summary>
    public bool IsPaced { get; set; }
}

/// <summary>
/// Asks nodes for pages, of watches and of subscriptions: one after the other at the same node, and at another one where a page cannot be had there. One a client; any thread.
/// </summary>
/// <remarks>
/// The next page is asked for when what the last one holds is taken. So a slow reader holds one page here and nothing in the node, and whoever shares its connection
/// with it notices nothing. A page that is lost on its way is asked for again, behind the same place; the place moves only with its page: each change or output comes once.
/// </remarks>
internal sealed class PageRunner(NodeTable nodes, RaftStreamClientOptions options, CancellationToken stopping)
{
    /// <summary>The most watches and subscriptions of a client at a time, which are as many as a connection takes.</summary>
    public const int MaxSeries = 64;

    /// <summary>A node says so often that nothing has happened. It keeps a question so long, too, whose reader has ended meanwhile.</summary>
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(1);

    /// <summary>Who has all that there is asks no more often than that: under load a page then has what came in so long.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(5);

    private readonly TimeProvider _time = options.TimeProvider;
    private int _count;

    /// <summary>What a question says how long to wait, in milliseconds.</summary>
    public static long WaitMs => (long)Wait.TotalMilliseconds;

    /// <summary>Cancelled when the client ends.</summary>
    public CancellationToken Stopping => stopping;

    /// <summary>Begins a series, which ends with <see cref="Leave"/>.</summary>
    /// <exception cref="RaftStreamClientException">There are as many as may be.</exception>
    public PageSeries Enter(RequestMessage request)
    {
        if (Interlocked.Increment(ref _count) <= MaxSeries)
            return new(request, nodes.NextSeed());
        Leave();
        throw new RaftStreamClientException(ClientRefusal.Overloaded, $"This client has {MaxSeries} watches and subscriptions, as many as it may: end one, watch a prefix instead of many keys, or connect another client.");
    }

    /// <summary>A series is over.</summary>
    public void Leave() => Interlocked.Decrement(ref _count);

    /// <summary>
    /// The next page, from whichever node can, or a refusal that no node answers otherwise; null once it is cancelled. What is asked behind it is for the caller to say.
    /// </summary>
    public async ValueTask<AnswerMessage?> NextAsync(PageSeries series, CancellationToken cancellationToken)
    {
        if (series is { IsPaced: true, Asked: { } before })
            await Pulse.PauseAsync(Pace - _time.GetElapsedTime(before), _time, cancellationToken).ConfigureAwait(false);
        while (!cancellationToken.IsCancellationRequested)
        {
            var changed = nodes.Changed.Next;
            if (Choose(series) is not { Connection: { } connection } link)
            {
                if (nodes.ShutOut is { } shut)
                    return AnswerMessage.Refused(0, ClientOutcome.Rejected, shut.Refusal, shut.Sentence);
                var pause = series.Backoff.Next();
                if (series.Tried == 0)
                    await Pulse.WaitAsync(changed, pause, _time, cancellationToken).ConfigureAwait(false);
                else
                    await Pulse.PauseAsync(pause, _time, cancellationToken).ConfigureAwait(false);
                series.Tried = 0;
                continue;
            }

            series.Asked = _time.GetTimestamp();
            var answer = await connection.SendAsync(series.Request, Wait + options.AttemptTimeout, cancellationToken).ConfigureAwait(false);
            if (answer.Outcome == ClientOutcome.Applied && SizeOf(answer) is { } size)
            {
                Took(series, link, answer, size);
                return answer;
            }

            if (cancellationToken.IsCancellationRequested)
                break;
            if (EndsSeries(answer.Refusal))
                return answer;
            PassOver(series, link);
            series.Tried |= nodes.MaskOf(link);
        }

        return null;
    }

    /// <summary>How many events or outputs a page has, and about how many bytes; null where the answer is none.</summary>
    private static (int Items, int Bytes)? SizeOf(in AnswerMessage answer) => answer switch
    {
        { Watch: { } events } => (events.Items.Count, events.Items.Sum(static item => item.Key.Length)),
        { Outputs: { } outputs } => (outputs.Outputs.Count, outputs.Outputs.Sum(static output => output.Text.Length + OutputPage.ItemOverhead)),
        _ => null,
    };

    /// <summary>What every node would answer, or what this client can do nothing about.</summary>
    private static bool EndsSeries(ClientRefusal refusal) =>
        refusal is ClientRefusal.UnknownStream or ClientRefusal.Forbidden or ClientRefusal.Unauthenticated or ClientRefusal.TooLarge or ClientRefusal.BadRequest;

    /// <summary>The node that told the last page, as long as it does; else the nearest one that was not tried for this page.</summary>
    private NodeLink? Choose(PageSeries series) => series.Node is { Connection: not null } node ? node : nodes.Nearest(NodeLink.Watching, series.Tried);

    private void Took(PageSeries series, NodeLink link, in AnswerMessage answer, (int Items, int Bytes) size)
    {
        series.Backoff.Reset();
        (series.Node, series.Tried) = (link, 0);
        series.IsPaced = size.Bytes < EventPage.MaxBytes / 4;
        if (answer.Index > 0)
            nodes.See(new(answer.Incarnation, answer.Index));

        // Nothing happens at a node that hears no leader, whatever happens elsewhere.
        if (size.Items == 0 && answer.Leader == 0)
            PassOver(series, link);
    }

    private static void PassOver(PageSeries series, NodeLink link)
    {
        link.Shun(NodeLink.Watching);
        series.Node = null;
    }
}
