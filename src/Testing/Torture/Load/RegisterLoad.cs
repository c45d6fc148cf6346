namespace RaftStream.Testing;

/// <summary>
/// Registers with few values that are set again and again: reads, blind compare-and-set, and writes where the system has them. A value that comes
/// back shows what a value seen once cannot, such as a write that takes effect long after its answer.
/// </summary>
internal sealed class RegisterLoad(bool canWrite, bool canCompare) : ILoad
{
    /// <summary>The workload's name.</summary>
    public const string LoadName = "register";

    private const int Values = 5;

    private readonly WorkKeys<Shared> _keys = new(LoadName, static () => new());

    /// <inheritdoc/>
    public string Name => LoadName;

    /// <inheritdoc/>
    public LoadObject Object => LoadObject.Register;

    /// <inheritdoc/>
    public IReadOnlyList<string> Keys => _keys.Names;

    /// <inheritdoc/>
    public async Task StepAsync(LoadClient client)
    {
        var key = _keys.Of(client.Group);
        var call = Next(client.Random, key);
        var answer = await client.CallAsync(this, call);
        if (answer.Kind == AnswerKind.Ok)
            key.State.Seen = call.Function == OperationFunction.Read ? answer.Result!.Value : NewValue(call);
        _keys.Ended(client.Group, key, answer.Kind);
    }

    /// <inheritdoc/>
    public Task SettleAsync(LoadClient client, CancellationToken end) => Task.CompletedTask;

    private ClientCall Next(SimRandom random, WorkKey<Shared> key)
    {
        if (random.Chance(0.4))
            return new(key.Name, OperationFunction.Read);
        HistoryValue value = random.Below(Values);
        if (canWrite && (!canCompare || random.Chance(0.5)))
            return new(key.Name, OperationFunction.Write, value);
        return new(key.Name, OperationFunction.CompareAndSet, HistoryValue.List(key.State.Seen, value));
    }

    private static HistoryValue NewValue(ClientCall call) => call.Function == OperationFunction.Write ? call.Argument : call.Argument.Members[1];

    // A hint for a comparison with a chance to succeed; another client may have set it meanwhile.
    private sealed class Shared
    {
        private readonly Lock _lock = new();
        private HistoryValue _seen;

        public HistoryValue Seen
        {
            get
            {
                lock (_lock)
                    return _seen;
            }
            set
            {
                lock (_lock)
                    _seen = value;
            }
        }
    }
}
