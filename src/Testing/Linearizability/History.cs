using System.Globalization;

namespace RaftStream.Testing;

/// <summary>What clients asked for and were answered, in real-time order. Operations that certainly did not happen are left out.</summary>
public sealed class History
{
    internal History(Operation[] operations, int events)
    {
        Operations = operations;
        Events = events;
    }

    /// <summary>The operations, in the order of their calls.</summary>
    public IReadOnlyList<Operation> Operations { get; }

    /// <summary>How many events the positions of the operations count.</summary>
    public int Events { get; }
}

/// <summary>
/// Records a history while it happens. Tell <see cref="Invoke"/> before the request leaves the client and <see cref="Ok"/> after the
/// answer has arrived: the other way round the history would claim more than real time tells. Safe to call from any thread.
/// </summary>
public sealed class HistoryRecorder
{
    /// <summary>The most operations that any history may have.</summary>
    public const int MaxOperations = 2_000_000;

    private readonly Lock _lock = new();
    private readonly List<Operation?> _operations = [];
    private readonly int _limit;
    private int _events;
    private int _open;

    /// <summary>Begins an empty history.</summary>
    /// <param name="limit">How many operations it may have, 1 to <see cref="MaxOperations"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The limit is out of range.</exception>
    public HistoryRecorder(int limit = 1_000_000)
    {
        if (limit is < 1 or > MaxOperations)
            throw new ArgumentOutOfRangeException(nameof(limit), limit, $"Give a limit of 1 to {MaxOperations} operations.");
        _limit = limit;
    }

    /// <summary>How many operations were invoked.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _operations.Count;
        }
    }

    /// <summary>How many of them have neither been answered nor failed.</summary>
    public int Open
    {
        get
        {
            lock (_lock)
                return _open;
        }
    }

    /// <summary>A client is about to send a request.</summary>
    /// <param name="process">Who: whatever runs one operation at a time.</param>
    /// <param name="key">On which object.</param>
    /// <param name="function">What it asks for.</param>
    /// <param name="argument">With which argument: <see cref="OperationFunction"/> and <see cref="HistoryModel"/> say what they need.</param>
    /// <returns>The operation's number, for the calls that end it.</returns>
    /// <exception cref="InvalidOperationException">The history is full.</exception>
    public int Invoke(long process, string key, OperationFunction function, HistoryValue argument = default) =>
        InvokeAt(0, process, key, function, argument);

    internal int InvokeAt(int line, long process, string key, OperationFunction function, HistoryValue argument)
    {
        ArgumentNullException.ThrowIfNull(key);
        lock (_lock)
        {
            if (_operations.Count == _limit)
                throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"The history is full: {_limit} operations are its limit."));
            _operations.Add(new Operation(_operations.Count, process, key, function, argument, _events++, line));
            _open++;
            return _operations.Count - 1;
        }
    }

    /// <summary>The operation was done.</summary>
    /// <param name="operation">Its number.</param>
    /// <param name="result">What a read saw, or a counter's value after an add; null where the answer tells nothing.</param>
    /// <exception cref="InvalidOperationException">The operation was ended before.</exception>
    public void Ok(int operation, HistoryValue? result = null) => OkAt(0, operation, result);

    internal void OkAt(int line, int operation, HistoryValue? result)
    {
        lock (_lock)
        {
            var ended = OpenOperation(operation);
            ended.Result = result;
            ended.ReturnLine = line;
            ended.Returned = _events++;
            _open--;
        }
    }

    /// <summary>The operation certainly was not done and never will be: it leaves the history.</summary>
    /// <param name="operation">Its number.</param>
    /// <exception cref="InvalidOperationException">The operation was ended before.</exception>
    public void Fail(int operation)
    {
        lock (_lock)
        {
            _ = OpenOperation(operation);
            _operations[operation] = null;
            _open--;
        }
    }

    /// <summary>
    /// Its client gave up: the operation may have been done, may yet be done, or never. It stays open to the end, exactly as one of which
    /// nothing is told; saying so checks that it was not ended before.
    /// </summary>
    /// <param name="operation">Its number.</param>
    /// <exception cref="InvalidOperationException">The operation was ended before.</exception>
    public void Info(int operation)
    {
        lock (_lock)
            _ = OpenOperation(operation);
    }

    /// <summary>The history so far. What is recorded later does not change it.</summary>
    public History ToHistory()
    {
        lock (_lock)
        {
            var operations = new List<Operation>(_operations.Count);
            foreach (var operation in _operations)
            {
                if (operation is not null)
                    operations.Add(operation.IsOpen ? Copy(operation) : operation);
            }
            return new History([.. operations], _events);
        }
    }

    // An answer that comes later must not reach into a history that was taken before.
    private static Operation Copy(Operation open) => new(open.Number, open.Process, open.Key, open.Function, open.Argument, open.Invoked, open.Line);

    private Operation OpenOperation(int number) =>
        number >= 0 && number < _operations.Count && _operations[number] is { IsOpen: true } operation
            ? operation
            : throw new InvalidOperationException($"Operation {number} is not open: end each operation once.");
}
