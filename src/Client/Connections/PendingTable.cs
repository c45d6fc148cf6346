using RaftStream.Client.Protocol;

namespace RaftStream.Client.Connections;

/// <summary>
/// The requests of one connection that wait for their answers: a fixed number of places. An id is a count times the number of places plus the place, so an answer finds its
/// request without a search, and one that comes after its request was given up finds another id there. Any thread.
/// </summary>
/// <remarks>
/// Their deadlines are kept by one timer, which looks through the places every so often while any is taken: a timer a request would be the larger
/// part of its cost.
/// </remarks>
internal sealed class PendingTable : IDisposable
{
    /// <summary>How late a deadline may be noticed.</summary>
    public static readonly TimeSpan Grain = TimeSpan.FromMilliseconds(10);

    // What the timer finds nearly always.
    private static readonly List<long> None = [];

    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly PendingRequest?[] _places;
    private readonly Stack<int> _free;
    private long _count;
    private int _waiting;
    private bool _isTimed;
    private bool _isClosed;

    /// <summary>A table with that many places.</summary>
    public PendingTable(int places, TimeProvider time)
    {
        (_time, _places, _free) = (time, new PendingRequest?[places], new(places));
        for (var place = places - 1; place >= 0; place--)
            _free.Push(place);
        _timer = time.CreateTimer(static table => ((PendingTable)table!).Expire(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Takes a place for a request that may wait so long; null where all are taken or the connection has ended.</summary>
    public PendingRequest? TryOpen(RequestKind kind, TimeSpan patience)
    {
        lock (_gate)
        {
            if (_isClosed || !_free.TryPop(out var place))
                return null;
            var request = _places[place] ??= new(this, place);
            request.Id = (++_count * _places.Length) + place;
            request.Kind = kind;
            request.Deadline = _time.GetTimestamp() + (long)(patience.TotalSeconds * _time.TimestampFrequency);
            _waiting++;
            if (!_isTimed)
            {
                _isTimed = true;
                _timer.Change(Grain, Timeout.InfiniteTimeSpan);
            }

            return request;
        }
    }

    /// <summary>Hands an answer to whoever waits for it; to nobody if it was given up.</summary>
    public void Complete(in AnswerMessage answer) => Take(answer.Id)?.Complete(answer);

    /// <summary>Gives a request up, if it still waits: of a write nobody knows then what becomes of it.</summary>
    public void Fail(long id, ClientRefusal refusal)
    {
        if (Take(id) is { } request)
            request.Complete(Failed(request.Kind, refusal));
    }

    /// <summary>Gives a request up that was certainly never sent.</summary>
    public void FailUnsent(long id, ClientRefusal refusal) => Take(id)?.Complete(AnswerMessage.Refused(id, ClientOutcome.Rejected, refusal, ClientSentences.Of(refusal)));

    /// <summary>The connection has ended: gives all of them up and takes no more.</summary>
    public void Close(ClientRefusal refusal)
    {
        lock (_gate)
            _isClosed = true;
        foreach (var request in Waiting(long.MaxValue))
            Fail(request, refusal);
        _timer.Dispose();
    }

    /// <summary>The caller has taken its answer: the place is free.</summary>
    public void GiveBack(PendingRequest request)
    {
        lock (_gate)
            _free.Push(request.Slot);
    }

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();

    /// <summary>[safety] What it means that there is no answer: a read is as if it had not been asked, and anything else may be done.</summary>
    private static AnswerMessage Failed(RequestKind kind, ClientRefusal refusal) =>
        AnswerMessage.Refused(0, RequestMessage.ChangesNothing(kind) ? ClientOutcome.Rejected : ClientOutcome.Unknown, refusal, ClientSentences.Of(refusal));

    private PendingRequest? Take(long id)
    {
        lock (_gate)
        {
            if (id <= 0 || _places[id % _places.Length] is not { } request || request.Id != id)
                return null;
            request.Id = 0;
            _waiting--;
            return request;
        }
    }

    private void Expire()
    {
        foreach (var id in Waiting(_time.GetTimestamp()))
            Fail(id, ClientRefusal.TimedOut);
        lock (_gate)
        {
            _isTimed = _waiting > 0 && !_isClosed;
            if (_isTimed)
                _timer.Change(Grain, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>The ids of those whose deadline is not behind that instant.</summary>
    private List<long> Waiting(long until)
    {
        List<long>? ids = null;
        lock (_gate)
        {
            foreach (var request in _places)
            {
                if (request is { Id: > 0 } && request.Deadline <= until)
                    (ids ??= []).Add(request.Id);
            }
        }

        return ids ?? None;
    }
}
