using RaftStream.Testing;

namespace RaftStream.Linearizability.Tests;

/// <summary>
/// Operations on counters with the times of one monotonic clock, told in any order, put into a history: safe to add to from any thread.
/// </summary>
internal sealed class CounterHistory
{
    private readonly Lock _lock = new();
    private readonly List<Told> _told = [];

    /// <summary>How many operations were answered.</summary>
    public int Answered => Count(isAnswered: true);

    /// <summary>How many adds have no answer.</summary>
    public int UnknownAdds => Count(isAnswered: false);

    /// <summary>Adds one; an operation that was certainly not done must be left out, and so may a read without an answer.</summary>
    /// <param name="counter">Which counter.</param>
    /// <param name="amount">What was added; null for a read.</param>
    /// <param name="invoked">When it was sent.</param>
    /// <param name="completed">When the answer came; null if none did.</param>
    /// <param name="value">The counter after the operation; null if no answer came.</param>
    public void Add(string counter, long? amount, long invoked, long? completed, long? value)
    {
        lock (_lock)
            _told.Add(new(counter, amount, invoked, completed, value));
    }

    /// <summary>The history, in the order of the times; at one and the same instant calls come before answers, so that they overlap.</summary>
    public History ToHistory()
    {
        lock (_lock)
        {
            var recorder = new HistoryRecorder(Math.Max(1, _told.Count));
            var numbers = new int[_told.Count];
            var places = Enumerable.Range(0, _told.Count);
            var events = places.Select(place => (At: _told[place].Invoked, IsAnswer: false, Place: place))
                .Concat(places.Where(place => _told[place].Completed is not null).Select(place => (At: _told[place].Completed!.Value, IsAnswer: true, Place: place)));
            foreach (var (_, isAnswer, place) in events.Order())
            {
                var told = _told[place];
                if (isAnswer)
                    recorder.Ok(numbers[place], told.Value!.Value);
                else if (told.Amount is { } amount)
                    numbers[place] = recorder.Invoke(place, told.Counter, OperationFunction.Add, amount);
                else
                    numbers[place] = recorder.Invoke(place, told.Counter, OperationFunction.Read);
            }
            return recorder.ToHistory();
        }
    }

    private int Count(bool isAnswered)
    {
        lock (_lock)
            return _told.Count(told => told.Value is not null == isAnswered);
    }

    private sealed record Told(string Counter, long? Amount, long Invoked, long? Completed, long? Value);
}
