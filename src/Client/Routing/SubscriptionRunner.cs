using System.Runtime.CompilerServices;
using RaftStream.Client.Connections;
using RaftStream.Client.Protocol;

namespace RaftStream.Client.Routing;

/// <summary>Subscriptions: asks for one page of outputs after the other, each behind the one before, wherever it can be had (<see cref="PageRunner"/>). One a client; any thread.</summary>
internal sealed class SubscriptionRunner(PageRunner pages)
{
    /// <summary>Subscribes until it is cancelled.</summary>
    /// <exception cref="RaftStreamClientException">There are too many, there is no such sink, an output is too large, the client may not read it, the cluster was restored meanwhile, or the client was disposed.</exception>
    public async IAsyncEnumerable<ClientSinkOutput> RunAsync(string job, string sink, long from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, pages.Stopping);
        var terms = new SubscribeTerms(PageRunner.WaitMs, job, sink, from);
        var series = pages.Enter(new(RequestKind.Subscribe) { Subscribe = terms });
        uint? incarnation = null;
        try
        {
            while (true)
            {
                if (await pages.NextAsync(series, end.Token).ConfigureAwait(false) is not { } answer)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    throw new RaftStreamClientException(ClientRefusal.Disposed, ClientSentences.Of(ClientRefusal.Disposed));
                }

                if (answer.Outputs is not { } page)
                    throw new RaftStreamClientException(answer.Refusal, answer.Problem ?? ClientSentences.Of(answer.Refusal));

                // [safety] A restored cluster gives the same sequences out again, to other outputs: going on would pass some over.
                incarnation ??= answer.Incarnation;
                if (incarnation != answer.Incarnation)
                    throw new RaftStreamClientException(ClientRefusal.OtherIncarnation, "The cluster was restored or reset since the subscription began, so its sequences may stand for other outputs: read what there is, and subscribe anew.");
                series.Request = new(RequestKind.Subscribe) { Subscribe = terms with { From = page.Next } };
                foreach (var output in page.Outputs)
                    yield return output;
            }
        }
        finally
        {
            pages.Leave();
        }
    }
}
