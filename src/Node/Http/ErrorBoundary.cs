using Microsoft.AspNetCore.Http.HttpResults;
using RaftStream.Node.Hosting;

namespace RaftStream.Node.Http;

/// <summary>The outermost layer: no request leaves without an answer that a program can read.</summary>
internal static class ErrorBoundary
{
    /// <summary>Runs the rest of the pipeline and answers in its stead where it failed or said nothing.</summary>
    public static async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
            await ExplainBareStatusAsync(context);
        }
        catch (BadHttpRequestException exception)
        {
            await AnswerAsync(context, Problems.Rejected(exception.StatusCode, Problems.BadRequest, exception.Message));
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client went away: nobody is left to answer.
        }
        catch (OperationCanceledException) when (context.RequestServices.GetRequiredService<NodeHandle>().Stopping.IsCancellationRequested)
        {
            await AnswerAsync(context, Problems.For(Outcome.Rejected, Refusal.Stopped));
        }
        catch (Exception exception)
        {
            var logger = context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("RaftStream.Node.Http");
            logger.LogError(exception, "The request {Method} {Path} failed", context.Request.Method, context.Request.Path);

            // A write that failed half way may be done: only a read is certainly without effect.
            var problem = HttpMethods.IsGet(context.Request.Method)
                ? Problems.Rejected(StatusCodes.Status500InternalServerError, "internal-error", "The node failed to answer; its log says why.")
                : Problems.Unknown("The node failed while it worked on the request, which may be done or not; its log says why.");
            await AnswerAsync(context, problem);
        }
    }

    private static Task ExplainBareStatusAsync(HttpContext context)
    {
        var response = context.Response;
        if (response.HasStarted || response.ContentLength > 0 || response.ContentType is not null)
            return Task.CompletedTask;
        return response.StatusCode switch
        {
            StatusCodes.Status404NotFound => AnswerAsync(context, Problems.Rejected(404, "not-found", "There is nothing at this path; see the README for those there are.")),
            StatusCodes.Status405MethodNotAllowed => AnswerAsync(context, Problems.Rejected(405, "method-not-allowed", "This path does not take this method.")),
            _ => Task.CompletedTask,
        };
    }

    private static Task AnswerAsync(HttpContext context, JsonHttpResult<ProblemJson> problem) =>
        context.Response.HasStarted ? Task.CompletedTask : problem.ExecuteAsync(context);
}
