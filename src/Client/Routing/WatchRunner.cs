using System.Runtime.CompilerServices;
using RaftStream.Client.Connections;
using RaftStream.Client.Protocol;
using RaftStream.Raft.Wire;

namespace RaftStream.Client.Routing;

/// <summary>
/// Watches: asks a node for one page of events after the other, each behind the one before, and goes on at another node where one cannot be had. One a client; any thread.
/// </summary>
/// <remarks>
/// The next page is asked for when the events of the last one are taken. So a slow watch holds one page here and nothing in the node, and whoever shares its connection
/// with it notices nothing. A page that is lost on its way is asked for again, behind the same place; what was told moves the place only with its page: each change comes once.
/// </remarks>
internal sealed class WatchRunner(NodeTable nodes, RaftStreamClientOptions options, CancellationToken stopping)
{
    /// <summary>The most watches of a client at a time, which are as many as a connection takes.</summary>
    public const int MaxWatches = 64;

    /// <summary>A node says so often that nothing has happened. It keeps a question so long, too, whose watch has ended meanwhile.</summary>
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(1);

    /// <summary>Who has all that there is asks no more often than that: under load a page then has the changes of so long.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(5);

    private readonly TimeProvider _time = options.TimeProvider;
    private int _count;

    /// <summary>Watches until it is cancelled.</summary>
    /// <exception cref="RaftStreamClientException">There are too many watches, or the client was disposed.</exception>
    public async IAsyncEnumerable<ClientWatchEvent> RunAsync(ClientWatchFilter filter, ReadToken? from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, stopping);
        if (Interlocked.Increment(ref _count) > MaxWatches)
        {
            Interlocked.Decrement(ref _count);
            throw new RaftStreamClientException(ClientRefusal.Overloaded, $"This client has {MaxWatches} watches, as many as it may: end one, watch a prefix instead of many keys, or connect another client.");
        }

        try
        {
            var terms = new WatchTerms(filter.Kind, filter.Text, (long)Wait.TotalMilliseconds, from is { } token ? WatchFrom.Behind(token) : null);
            var watch = new Standing { Terms = terms, Backoff = new(nodes.NextSeed()) };
            while (true)
            {
                var (page, incarnation) = await NextAsync(watch, end.Token).ConfigureAwait(false);
                if (page is null)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    throw new RaftStreamClientException(ClientRefusal.Disposed, ClientSentences.Of(ClientRefusal.Disposed));
                }

                foreach (var item in page.Items)
                    yield return new(item.Kind, item.Index, item.Key, item.Value, item.Resume is { } resume ? new(incarnation, resume) : null);
            }
        }
        finally
        {
            Interlocked.Decrement(ref _count);
        }
    }

    /// <summary>The next page, from whichever node can; null once it is cancelled.</summary>
    private async ValueTask<(EventPage? Page, uint Incarnation)> NextAsync(Standing watch, CancellationToken cancellationToken)
    {
        if (watch.IsPaced && watch.Asked is { } before)
            await Pulse.PauseAsync(Pace - _time.GetElapsedTime(before), _time, cancellationToken).ConfigureAwait(false);
        while (!cancellationToken.IsCancellationRequested)
        {
            var changed = nodes.Changed.Next;
            if (Choose(watch) is not { Connection: { } connection } link)
            {
                var pause = watch.Backoff.Next();
                if (watch.Tried == 0)
                    await Pulse.WaitAsync(changed, pause, _time, cancellationToken).ConfigureAwait(false);
                else
                    await Pulse.PauseAsync(pause, _time, cancellationToken).ConfigureAwait(false);
                watch.Tried = 0;
                continue;
            }

            watch.Asked = _time.GetTimestamp();
            var answer = await connection.SendAsync(new(RequestKind.Watch) { Watch = watch.Terms }, Wait + options.AttemptTimeout, cancellationToken).ConfigureAwait(false);
            if (answer is { Outcome: ClientOutcome.Applied, Watch: { } page })
                return (Take(watch, link, answer, page), answer.Incarnation);
            if (cancellationToken.IsCancellationRequested)
                break;
            Leave(watch, link);
            watch.Tried |= nodes.MaskOf(link);
        }

        return default;
    }

    /// <summary>The node that told the last page, as long as it does; else the nearest one that was not tried for this page.</summary>
    private NodeLink? Choose(Standing watch) => watch.Node is { Connection: not null } node ? node : nodes.Nearest(NodeLink.Watching, watch.Tried);

    private EventPage Take(Standing watch, NodeLink link, in AnswerMessage answer, EventPage page)
    {
        watch.Backoff.Reset();
        (watch.Node, watch.Tried) = (link, 0);
        watch.IsPaced = page.Mark.Hash is null && page.Items.Sum(static item => item.Key.Length) < EventPage.MaxBytes / 4;

        // A node that had not come to the first index yet was told nothing, and is asked the same again.
        if (answer.Index > 0 || page.Items.Count > 0)
            watch.Terms = watch.Terms with { From = new(answer.Incarnation, page.Mark, IsNew: false) };
        if (answer.Index > 0)
            nodes.See(new(answer.Incarnation, answer.Index));

        // Nothing happens at a node that hears no leader, whatever happens elsewhere.
        if (page.Items.Count == 0 && answer.Leader == 0)
            Leave(watch, link);
        return page;
    }

    private static void Leave(Standing watch, NodeLink link)
    {
        link.Shun(NodeLink.Watching);
        watch.Node = null;
    }

    /// <summary>What a watch remembers between two pages.</summary>
    private sealed class Standing
    {
        public required WatchTerms Terms { get; set; }

        public required Backoff Backoff { get; init; }

        public NodeLink? Node { get; set; }

        public uint Tried { get; set; }

        public long? Asked { get; set; }

        public bool IsPaced { get; set; }
    }
}
