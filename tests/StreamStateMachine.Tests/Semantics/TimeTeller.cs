namespace RaftStream.StreamStateMachine.Tests.Semantics;

/// <summary>Tells of each record the time that it has and how far event time had come when it was taken in.</summary>
internal sealed class TimeTeller<TKey, T> : ProcessFunction<TKey, T, string>
{
    public override void Process(T value, ProcessContext<TKey, string> context) =>
        context.Emit($"{context.Key} at {context.Time}, watermark {(context.Watermark == long.MinValue ? "none" : context.Watermark)}");
}
