using RaftStream.Client;
using RaftStream.Client.Protocol;
using RaftStream.Hosting.Http;

namespace RaftStream.Hosting.ClientPort;

/// <summary>
/// Answers requests of the binary protocol by this node's own replica, whatever it can say; it never asks another node, but for lines of stream jobs, which go through any (<see cref="StreamRequests"/>). Who else to
/// ask is told with each refusal: the client does the routing. Any thread.
/// </summary>
internal sealed class ClientRequests(RunningNode running, StreamAccess streams, CancellationToken stopping)
{
    private readonly RefusalAnswers _refusals = new(running);
    private readonly StreamRequests _streams = new(running, streams);

    /// <summary>Answers a request; once <paramref name="deadline"/> is cancelled, that its time is over.</summary>
    public ValueTask<AnswerMessage> AnswerAsync(RequestMessage request, CancellationToken deadline)
    {
        var status = running.Node.Status;
        if (request.Kind == RequestKind.Status)
            return new(Status(request, status));
        if (!IsMember(status))
            return new(_refusals.Of(request, ClientOutcome.Rejected, ClientRefusal.NotMember, "This node is no member of the cluster, not yet or not any more; nothing was done, ask another one."));
        return request.Kind switch
        {
            RequestKind.Get or RequestKind.GetMany or RequestKind.RangeSum or RequestKind.Top => ReadAsync(request, status, deadline),
            RequestKind.Watch => WatchAsync(request, status, deadline),
            RequestKind.Ingest => _streams.IngestAsync(request, deadline),
            RequestKind.Subscribe => _streams.PageAsync(request, deadline),
            RequestKind.OpenSession or RequestKind.CloseSession => SessionAsync(request, status, deadline),
            RequestKind.Confirm => ConfirmAsync(request, status, deadline),
            _ => WriteAsync(request, status, deadline),
        };
    }

    private async ValueTask<AnswerMessage> WriteAsync(RequestMessage request, RaftStatus status, CancellationToken deadline)
    {
        var session = request.Session;
        if (session.Session != 0 && session.Incarnation != status.Incarnation)
            return _refusals.Of(request, ClientOutcome.Rejected, Refusal.SessionExpired);
        var counters = session.Session != 0
            ? running.Counters.InSession(new(session.Session), session.Sequence, session.Acknowledged)
            : request.Concern == ClientWriteConcern.Quorum ? running.Counters : running.Counters.WithConcern((WriteConcern)request.Concern);
        var answer = await (request.Kind switch
        {
            RequestKind.Add => counters.AddAsync(request.Key, request.Delta, deadline),
            RequestKind.Max => counters.MaxAsync(request.Key, request.Value, deadline),
            RequestKind.CompareAndSet => counters.CompareAndSetAsync(request.Key, request.Expected, request.Value, deadline),
            _ => counters.DeleteAsync(request.Key, deadline),
        });
        return answer.Accepted is { } place
            ? new(AnswerKind.Accepted)
            {
                Id = request.Id,
                Outcome = ClientOutcome.Accepted,
                Level = ConsistencyLevel.Available,
                Leader = running.Node.Status.Leader.Value,
                Epoch = place.Start,
                Sequence = place.Sequence,
            }
            : Counter(request, answer, answer.Outcome == Outcome.Provisional ? ConsistencyLevel.Leader : ConsistencyLevel.Quorum, age: null);
    }

    private async ValueTask<AnswerMessage> ReadAsync(RequestMessage request, RaftStatus status, CancellationToken deadline)
    {
        var level = request.Level;
        if (level.Kind == ConsistencyLevel.Session && level.Token.Incarnation != status.Incarnation)
            return _refusals.Of(request, ClientOutcome.Rejected, ClientRefusal.OtherIncarnation, Problems.TokenExpired(new(level.Token.Incarnation, new(level.Token.Index)), status.Incarnation).Value!.Detail);
        var consistency = level.Kind switch
        {
            ConsistencyLevel.Lease => ReadConsistency.Lease,
            ConsistencyLevel.BoundedStaleness => ReadConsistency.BoundedStaleness(TimeSpan.FromMilliseconds(level.MaxAgeMs)),
            ConsistencyLevel.Session => ReadConsistency.Session(new(level.Token.Index)),
            ConsistencyLevel.Eventual => ReadConsistency.Eventual,
            ConsistencyLevel.Tentative => ReadConsistency.Tentative,
            _ => ReadConsistency.Linearizable,
        };

        switch (request.Kind)
        {
            case RequestKind.Get:
                var answer = await running.Counters.GetAsync(request.Key, consistency, deadline);
                return Counter(request, answer, level.Kind, AgeOf(level.Kind, answer.Age));
            case RequestKind.GetMany:
                var many = await running.Counters.GetManyAsync(request.Keys, consistency, deadline);
                return many.Outcome != Outcome.Applied
                    ? _refusals.Of(request, many.Outcome, many.Refusal)
                    : Served(AnswerKind.Values, request, many.Position, many.Age) with { Problem = many.Problem, Values = [.. many.Values.Select(static one => one.Value)] };
            case RequestKind.RangeSum:
                var sum = await running.Counters.RangeSumAsync(request.From, request.To, consistency, deadline);
                return sum.Outcome != Outcome.Applied
                    ? _refusals.Of(request, sum.Outcome, sum.Refusal)
                    : Served(AnswerKind.Sum, request, sum.Position, sum.Age) with { Sum = sum.Sum, Count = sum.Count };
            default:
                var top = await running.Counters.TopAsync(request.Limit, consistency, deadline);
                return top.Outcome != Outcome.Applied
                    ? _refusals.Of(request, top.Outcome, top.Refusal)
                    : Served(AnswerKind.Top, request, top.Position, top.Age) with { Total = top.Total, Distinct = top.Distinct, Rows = [.. top.Rows.Select(static row => new TopRow(row.Key, row.Value))] };
        }
    }

    /// <summary>A read that was served at the level it asked for.</summary>
    private AnswerMessage Served(AnswerKind kind, in RequestMessage request, LogPosition position, TimeSpan? age) => new(kind)
    {
        Id = request.Id,
        Index = position.Index.Value,
        Term = position.Term.Value,
        AgeMicroseconds = Microseconds(AgeOf(request.Level.Kind, age)),
        Level = request.Level.Kind,
        Leader = running.Node.Status.Leader.Value,
    };

    /// <summary>The next page of a watch that the client keeps. [safety] A place of another incarnation stands for nothing in this log: the watch begins anew.</summary>
    private async ValueTask<AnswerMessage> WatchAsync(RequestMessage request, RaftStatus status, CancellationToken deadline)
    {
        var terms = request.Watch!;
        var filter = terms.Filter switch
        {
            ClientFilterKind.All => WatchFilter.All,
            ClientFilterKind.Key => WatchFilter.Key(terms.Text),
            _ => WatchFilter.Prefix(terms.Text),
        };
        var watcher = terms.From is not { } from || from.Incarnation != status.Incarnation
            ? new Watcher(filter, null, EventPage.MaxBytes)
            : from.IsNew
                ? new Watcher(filter, new LogIndex(from.Mark.Entry), EventPage.MaxBytes)
                : Watcher.GoingOn(filter, new(new(new(from.Mark.Entry), from.Mark.Number), from.Mark.Hash, from.Mark.Key), EventPage.MaxBytes);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(deadline, stopping);
        var answer = await running.Counters.WatchPageAsync(watcher, TimeSpan.FromMilliseconds(terms.WaitMs), end.Token);
        if (answer.Outcome != Outcome.Applied)
            return _refusals.Of(request, Outcome.Rejected, stopping.IsCancellationRequested ? Refusal.Stopped : answer.Refusal);
        var (seen, hash, key) = answer.Place;
        return new(AnswerKind.Watch)
        {
            Id = request.Id,
            Index = answer.Position.Index.Value,
            Term = answer.Position.Term.Value,
            Level = ConsistencyLevel.Eventual,
            Leader = running.Node.Status.Leader.Value,
            Watch = new(new(seen.Index.Value, seen.Number, hash, key), [.. answer.Events.Select(static item => new WatchItem((ClientWatchKind)item.Kind, item.Index.Value, item.Key, item.Value, item.Resume?.Value))]),
        };
    }

    private async ValueTask<AnswerMessage> SessionAsync(RequestMessage request, RaftStatus status, CancellationToken deadline)
    {
        var isOpening = request.Kind == RequestKind.OpenSession;
        if (!isOpening && request.Session.Incarnation != status.Incarnation)
            return _refusals.Of(request, ClientOutcome.Rejected, Refusal.SessionExpired);
        var answer = await (isOpening
            ? running.Node.OpenSessionAsync(TimeSpan.FromMilliseconds(request.IdleTimeoutMs), deadline)
            : running.Node.CloseSessionAsync(new(request.Session.Session), deadline));
        return answer.Outcome != Outcome.Applied
            ? _refusals.Of(request, answer.Outcome, answer.Refusal)
            : new(AnswerKind.Session)
            {
                Id = request.Id,
                Index = answer.Position.Index.Value,
                Term = answer.Position.Term.Value,
                Level = ConsistencyLevel.Quorum,
                Leader = running.Node.Status.Leader.Value,
                Incarnation = status.Incarnation,
                Session = isOpening ? answer.Position.Index.Value : request.Session.Session,
            };
    }

    private async ValueTask<AnswerMessage> ConfirmAsync(RequestMessage request, RaftStatus status, CancellationToken deadline)
    {
        var write = request.Position;
        if (write.Incarnation != status.Incarnation)
            return _refusals.Of(request, ClientOutcome.Unknown, ClientRefusal.OtherIncarnation, Problems.PositionExpired(new(write.Incarnation, new(new(write.Index), new(write.Term))), status.Incarnation).Value!.Detail);
        var answer = await running.Counters.ConfirmAsync(new(new(write.Index), new(write.Term)), deadline);
        return answer.Outcome is not (Outcome.Applied or Outcome.Lost)
            ? _refusals.Of(request, answer.Outcome, answer.Refusal)
            : new(AnswerKind.Plain)
            {
                Id = request.Id,
                Outcome = (ClientOutcome)answer.Outcome,
                Index = answer.Position.Index.Value,
                Term = answer.Position.Term.Value,
                Level = ConsistencyLevel.Linearizable,
                Leader = running.Node.Status.Leader.Value,
            };
    }

    private AnswerMessage Counter(in RequestMessage request, in CounterAnswer answer, ConsistencyLevel level, TimeSpan? age)
    {
        if (answer.Outcome is not (Outcome.Applied or Outcome.Provisional))
            return _refusals.Of(request, answer.Outcome, answer.Refusal);
        return new(level == ConsistencyLevel.Tentative ? AnswerKind.Tentative : AnswerKind.Counter)
        {
            Id = request.Id,
            Outcome = (ClientOutcome)answer.Outcome,
            Refusal = (ClientRefusal)answer.Refusal,
            Problem = answer.Refusal == Refusal.ReplyNotKept ? Problems.ReplyNotKept().Value!.Detail : answer.Problem,
            Index = answer.Position.Index.Value,
            Term = answer.Position.Term.Value,
            AgeMicroseconds = Microseconds(age),
            Level = level,
            Leader = running.Node.Status.Leader.Value,
            Value = answer.Value,
            Exists = answer.Exists,
            Matched = answer.Matched,
            IsTentative = answer.IsTentative,
        };
    }

    private AnswerMessage Status(in RequestMessage request, RaftStatus status) => new(AnswerKind.Status)
    {
        Id = request.Id,
        Leader = status.Leader.Value,
        LeaderAddress = running.ClientPortOf(status.Leader),
        Leads = status is { Role: Role.Leader, IsReady: true },
        NodeTerm = status.Term.Value,
        Applied = status.Applied.Value,
    };

    private static bool IsMember(RaftStatus status)
    {
        var members = status.Members;
        for (var i = 0; i < members.Count; i++)
        {
            if (members[i].Id == status.Id)
                return true;
        }

        return false;
    }

    /// <summary>What is in real-time order lacks nothing that was acknowledged before it came.</summary>
    private static TimeSpan? AgeOf(ConsistencyLevel level, TimeSpan? age) => level is ConsistencyLevel.Linearizable or ConsistencyLevel.Lease ? TimeSpan.Zero : age;

    private static long? Microseconds(TimeSpan? age) => age is { } known ? (known.Ticks + TimeSpan.TicksPerMicrosecond - 1) / TimeSpan.TicksPerMicrosecond : null;
}
