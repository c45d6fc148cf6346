using System.Collections.Concurrent;
using System.Globalization;
using RaftStream.Hosting.Http;
using RaftStream.Node.Http;
using RaftStream.Testing;

namespace RaftStream.Lab.Torture;

/// <summary>
/// A client of one node over HTTP. A register is a counter that compare-and-set writes; one that does not exist is null.
/// </summary>
/// <param name="node">The node.</param>
/// <param name="sessions">The sessions of all clients by their names in the lab: one for each that was used.</param>
/// <param name="seen">What each client of the lab has seen, by its number: the highest token of an answer to it, through whichever node.</param>
internal sealed class RaftStreamClient(NodeClient node, ConcurrentDictionary<string, SessionToken> sessions, ConcurrentDictionary<long, ReadToken> seen) : ISystemClient
{
    private const string Bounded = "bounded:";
    private static readonly TimeSpan NoLimit = Timeout.InfiniteTimeSpan;

    // A command that is in doubt is sent again at the end of the run: if its session had expired by then, nobody would ever know.
    private static readonly TimeSpan LongerThanAnyRun = TimeSpan.FromDays(2);

    /// <inheritdoc/>
    public async Task<ClientAnswer> DoAsync(ClientCall call, CancellationToken deadline)
    {
        try
        {
            return call.Function switch
            {
                OperationFunction.Read => Read(Note(call, await node.GetCounterAsync(call.Key, NoLimit, deadline, LevelOf(call)))),
                OperationFunction.CompareAndSet => Set(Note(call, await node.CompareAndSetAsync(call.Key, Expected(call), call.Argument.Members[1].Number, NoLimit, deadline))),
                OperationFunction.Add when call.Confirm is { } position => Told((await node.ConfirmAsync(position, NoLimit, deadline)).Value),
                OperationFunction.Add when call.Concern == WriteLevel.Available => Accepted(await node.AddAcceptedAsync(call.Key, call.Argument.Number, NoLimit, deadline)),
                OperationFunction.Add when call.Concern is not null => Placed(await node.AddProvisionallyAsync(call.Key, call.Argument.Number, NoLimit, deadline)),
                OperationFunction.Add when call.Session is null => Added(Note(call, await node.AddAsync(call.Key, call.Argument.Number, NoLimit, deadline))),
                OperationFunction.Add => await AddInSessionAsync(call, deadline),
                _ => throw new ArgumentException($"RaftStream has no {call.Function}.", nameof(call)),
            };
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            return new(AnswerKind.Unknown);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>The level of a read that is no session's.</summary>
    public static ReadLevel LevelOf(string level) => level switch
    {
        RunHistories.Lease => ReadLevel.Lease,
        AvailableLoad.Tentative => ReadLevel.Tentative,
        _ when level.StartsWith(Bounded, StringComparison.Ordinal) => ReadLevel.Bounded(long.Parse(level.AsSpan(Bounded.Length), CultureInfo.InvariantCulture)),
        _ => ReadLevel.Eventual,
    };

    private async Task<ClientAnswer> AddInSessionAsync(ClientCall call, CancellationToken deadline)
    {
        var name = call.Session!;
        if (!sessions.TryGetValue(name, out var token))
        {
            // Nothing of the command was sent; a session that was opened and lost expires.
            var opened = await OpenAsync(deadline);
            if (opened is null || !SessionToken.TryParse(opened.Session, out token))
                return new(AnswerKind.Failed);
            sessions[name] = token;
        }

        // One command at a time: whoever sends this one has the answers to all before it.
        return Added(Note(call, await node.AddAsync(call.Key, call.Argument.Number, NoLimit, deadline, new SessionHeaders(token, call.Sequence, call.Sequence - 1))));
    }

    private async Task<SessionJson?> OpenAsync(CancellationToken deadline)
    {
        try
        {
            return (await node.OpenSessionAsync(LongerThanAnyRun, NoLimit, deadline)).Value;
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            return null;
        }
    }

    // A client that was told nothing yet has nothing that its session could go back behind: any state will do.
    private ReadLevel? LevelOf(ClientCall call) => call.Level switch
    {
        null => null,
        RunHistories.Session => seen.TryGetValue(call.Client, out var token) ? ReadLevel.Session(token) : ReadLevel.Eventual,
        var level => LevelOf(level),
    };

    private NodeReply<CounterJson> Note(ClientCall call, NodeReply<CounterJson> reply)
    {
        if (reply is { Value: not null, Stamp.Token: { } token })
            seen.AddOrUpdate(call.Client, token, (_, before) => token.CompareTo(before) > 0 ? token : before);
        return reply;
    }

    private static long? Expected(ClientCall call) => call.Argument.Members[0] is { Kind: HistoryValueKind.Number } old ? old.Number : null;

    private static ClientAnswer Read(NodeReply<CounterJson> reply) => reply.Value is { } counter
        ? new(AnswerKind.Ok, counter.Exists ? counter.Value : HistoryValue.Null) { Index = counter.Index, AgeMs = reply.Stamp?.AgeMs, IsTentative = counter.Tentative }
        : new(AnswerKind.Failed);

    private static ClientAnswer Added(NodeReply<CounterJson> reply) => reply.Value is { } counter
        ? new(AnswerKind.Ok, counter.Value) { Index = counter.Index }
        : Refused(reply);

    // It is on a leader's disk and may yet be lost: whoever wants to know asks.
    private static ClientAnswer Placed(NodeReply<WriteJson> reply) => reply.Value is { } write ? new(AnswerKind.Unknown) { Pending = write.Position } : Refused(reply);

    // It is on that node's disk, and comes into the log once.
    private static ClientAnswer Accepted(NodeReply<AcceptedJson> reply) => reply.Value is { } place ? new(AnswerKind.Ok) { Accepted = new(place.Node, place.Epoch, place.Sequence) } : Refused(reply);

    private static ClientAnswer Told(WriteJson? fate) => new(fate?.Outcome switch
    {
        "applied" => AnswerKind.Ok,
        "lost" => AnswerKind.Failed,
        _ => AnswerKind.Unknown,
    });

    private static ClientAnswer Set(NodeReply<CounterJson> reply) => reply.Value switch
    {
        null => Refused(reply),
        { Matched: true } counter => new(AnswerKind.Ok) { Index = counter.Index },
        var counter => new(AnswerKind.Failed) { Index = counter.Index },
    };

    // Only two things are certain: the request never reached a node, or a node says that it was rejected.
    private static ClientAnswer Refused<T>(NodeReply<T> reply)
        where T : class
    {
        var kind = reply.Problem?.Outcome switch
        {
            "applied" => AnswerKind.Ok,
            "rejected" => AnswerKind.Failed,
            _ => reply.NeverSent ? AnswerKind.Failed : AnswerKind.Unknown,
        };
        return new(kind);
    }
}
