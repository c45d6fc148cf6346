using System.Runtime.CompilerServices;
using RaftStream.Client.Connections;
using RaftStream.Client.Protocol;

namespace RaftStream.Client.Routing;

/// <summary>Watches: asks for one page of events after the other, each behind the one before, wherever it can be had (<see cref="PageRunner"/>). One a client; any thread.</summary>
internal sealed class WatchRunner(PageRunner pages)
{
    /// <summary>Watches until it is cancelled.</summary>
    /// <exception cref="RaftStreamClientException">There are too many watches, the client may not read, or not any more, or it was disposed.</exception>
    public async IAsyncEnumerable<ClientWatchEvent> RunAsync(ClientWatchFilter filter, ReadToken? from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, pages.Stopping);
        var terms = new WatchTerms(filter.Kind, filter.Text, PageRunner.WaitMs, from is { } token ? WatchFrom.Behind(token) : null);
        var series = pages.Enter(new(RequestKind.Watch) { Watch = terms });
        try
        {
            while (true)
            {
                if (await pages.NextAsync(series, end.Token).ConfigureAwait(false) is not { } answer)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    throw new RaftStreamClientException(ClientRefusal.Disposed, ClientSentences.Of(ClientRefusal.Disposed));
                }

                if (answer.Watch is not { } page)
                    throw new RaftStreamClientException(answer.Refusal, answer.Problem ?? ClientSentences.Of(answer.Refusal));

                // A node that had not come to the first index yet was told nothing, and is asked the same again. Rows come as fast as they can.
                if (answer.Index > 0 || page.Items.Count > 0)
                    series.Request = new(RequestKind.Watch) { Watch = terms with { From = new(answer.Incarnation, page.Mark, IsNew: false) } };
                series.IsPaced &= page.Mark.Hash is null;
                foreach (var item in page.Items)
                    yield return new(item.Kind, item.Index, item.Key, item.Value, item.Resume is { } resume ? new(answer.Incarnation, resume) : null);
            }
        }
        finally
        {
            pages.Leave();
        }
    }
}
