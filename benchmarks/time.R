# Rscript time.R <folder>: times the call in <folder>/call.R on the columns in <folder>.
# Prints "elapsed <seconds>".
suppressMessages(library(survival))
folder <- commandArgs(TRUE)[1]
names <- readLines(file.path(folder, "columns"))
n <- as.integer(readLines(file.path(folder, "rows")))
d <- as.data.frame(lapply(setNames(names, names), function(name) {
  readBin(file.path(folder, name), "double", n)
}))
code <- parse(file.path(folder, "call.R"))
whole <- d
d <- whole[seq_len(min(n, 2000)), ] # warm up: loading and compiling are not timed
eval(code[[1]])
eval(code[[2]])
d <- whole
eval(code[[1]])
invisible(gc())
cat("elapsed", system.time(eval(code[[2]]))[["elapsed"]], "\n")
