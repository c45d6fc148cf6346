namespace RaftStream.Testing;

/// <summary>Keeps many bytes for each key, for a while by the log's clock: what fills the state of a job with a small limit, and makes room again.</summary>
internal sealed class ModelHoard<TKey> : ProcessFunction<TKey, ModelRecord, ModelRecord>
{
    private readonly OpSpec _op;
    private readonly ValueState<byte[]> _kept;

    public ModelHoard(OpSpec op)
    {
        _op = op;
        _kept = DeclareValue<byte[]>("kept", timeToLive: TimeSpan.FromMilliseconds(op.TimeToLive));
    }

    public override void Process(ModelRecord value, ProcessContext<TKey, ModelRecord> context)
    {
        var isKnown = _kept.TryGet(out _);
        _kept.Set(new byte[_op.Padding]);
        context.Emit(value with { Number = isKnown ? 1 : 0 });
    }
}
