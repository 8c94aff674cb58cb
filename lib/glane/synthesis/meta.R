if (!requireNamespace("metafor", quietly = TRUE)) stop("@need@", call. = FALSE)
given <- grep("[.]csv$", commandArgs(trailingOnly = TRUE), value = TRUE)
place <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
folder <- if (length(place)) dirname(gsub("~+~", " ", place[1], fixed = TRUE)) else "."
file <- if (length(given)) given[1] else file.path(folder, "effects.csv")
effects <- read.csv(file, na.strings = "", encoding = "UTF-8", stringsAsFactors = FALSE,
  colClasses = c(study = "character", label = "character", id = "character", analysis = "character"))
effects$use <- as.logical(effects$use)
used <- effects[effects$use %in% TRUE, ]
message("@left@", nrow(effects) - nrow(used))
again <- unique(used$analysis[duplicated(used[, c("study", "analysis")])])
if (length(again)) stop("@twice@", paste(again, collapse = "; "), call. = FALSE)

is_ratio <- function(rows) rows$measure[1] %in% c("RR", "OR", "HR", "IRR")
# Effect sizes of the rows of one analysis: log ratios, or differences, with their variances.
sizes <- function(rows) {
  rows$yi <- rows$vi <- NA_real_
  put <- function(rows, which, found) {
    rows$yi[which] <- as.numeric(found$yi)
    rows$vi[which] <- as.numeric(found$vi)
    rows
  }
  counts <- rows$basis == "counts"
  if (any(counts)) rows <- put(rows, counts, with(rows[counts, ], metafor::escalc(measure = measure[1],
    ai = ai, n1i = n1i, ci = ci, n2i = n2i)))
  means <- rows$basis == "means"
  if (any(means)) rows <- put(rows, means, with(rows[means, ], metafor::escalc(measure = measure[1],
    m1i = m1i, sd1i = sd1i, n1i = n1i, m2i = m2i, sd2i = sd2i, n2i = n2i)))
  told <- rows$basis == "estimate"
  scale <- if (is_ratio(rows)) log else identity
  if (any(told)) rows <- put(rows, told, with(rows[told, ], data.frame(yi = scale(estimate),
    vi = ((scale(high) - scale(low)) / (2 * qnorm((1 + level) / 2)))^2)))
  rows
}
# One line of results.csv. Of one study, it is that study's own effect.
pooled <- function(rows) {
  model <- if (nrow(rows) > 1) metafor::rma(yi, vi, data = rows, method = "REML", slab = rows$label) else
    metafor::rma(yi, vi, data = rows, method = "EE", slab = rows$label)
  back <- if (is_ratio(rows)) exp else identity
  told <- predict(model)
  ahead <- function(end) if (nrow(rows) > 2 && !is.null(told[[end]])) back(told[[end]]) else NA
  line <- data.frame(analysis = rows$analysis[1], measure = rows$measure[1], studies = model$k,
    estimate = back(told$pred), low = back(told$ci.lb), high = back(told$ci.ub), p = model$pval,
    prediction_low = ahead("pi.lb"), prediction_high = ahead("pi.ub"), yi = as.numeric(told$pred), se = told$se,
    tau2 = model$tau2, I2 = model$I2, Q = model$QE, Q_p = model$QEp)
  list(model = model, line = line, back = back)
}
found <- lapply(split(used, used$analysis), function(rows) pooled(sizes(rows)))
results <- do.call(rbind, lapply(found, function(one) one$line))
if (is.null(results)) results <- data.frame(analysis = character())
write.csv(results, file.path(dirname(file), "results.csv"), row.names = FALSE, na = "", fileEncoding = "UTF-8")
several <- found[vapply(found, function(one) one$model$k > 1, logical(1))]
if (length(several)) {
  pdf(file.path(dirname(file), "plots.pdf"), width = 9, height = 7)
  for (name in names(several)) {
    one <- several[[name]]
    metafor::forest(one$model, transf = one$back, main = name, header = TRUE)
    metafor::funnel(one$model, main = name)
  }
  invisible(dev.off())
}
print(results, row.names = FALSE, digits = 4)
